"""Choose who serves a request: vetoes first, then the most points, then the order given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from standby.core.policy.verdicts import Candidate, Facts, Rule, Score, Veto

__all__ = ["Decision", "Reason", "decide"]


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """What a rule said of a candidate."""

    candidate: str
    why: str
    veto: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Who may serve, best first, and every reason given, for the log and for ``status``."""

    order: tuple[str, ...]
    reasons: tuple[Reason, ...]

    def against(self, candidate: str) -> tuple[str, ...]:
        """Return why a candidate cannot serve; empty when it can."""
        return tuple(r.why for r in self.reasons if r.candidate == candidate and r.veto)


def decide(facts: Facts, candidates: Sequence[Candidate], rules: Iterable[Rule]) -> Decision:
    """Return whom no rule vetoed, best first. The order of the rules cannot matter."""
    points = {candidate.name: 0 for candidate in candidates}
    reasons: set[Reason] = set()
    for rule in rules:
        for candidate in candidates:
            match rule(facts, candidate):
                case Veto(why):
                    reasons.add(Reason(candidate.name, why, veto=True))
                case Score(worth, why):
                    points[candidate.name] += worth
                    reasons.add(Reason(candidate.name, why, veto=False))
                case None:
                    pass
    vetoed = {reason.candidate for reason in reasons if reason.veto}
    able = (candidate.name for candidate in candidates if candidate.name not in vetoed)
    order = sorted(able, key=lambda name: -points[name])
    return Decision(tuple(order), tuple(sorted(reasons)))
