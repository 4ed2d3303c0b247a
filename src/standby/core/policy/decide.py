"""Choose who serves a request: vetoes first, then the most points, then the order given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from standby.core.policy.thread import CLOUD
from standby.core.policy.verdicts import Candidate, Facts, Rule, Score, Veto

__all__ = ["Decision", "Reason", "decide"]

# Rules by which a person, and not the quota, keeps a request from the cloud.
_BY_THE_USER: Final = frozenset({"mode", "privacy"})


class Reason(NamedTuple):
    """What a rule said of a candidate."""

    candidate: str
    why: str
    veto: bool
    rule: str = ""
    """The name of the rule's file."""
    points: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """Who may serve, best first, and every reason given, for the log and for ``status``."""

    order: tuple[str, ...]
    reasons: tuple[Reason, ...]
    candidates: tuple[str, ...] = ()
    """All who were judged, in the order given."""

    def against(self, candidate: str) -> tuple[str, ...]:
        """Return why a candidate cannot serve; empty when it can."""
        return tuple(r.why for r in self.reasons if r.candidate == candidate and r.veto)

    def vetoes(self, candidate: str) -> frozenset[str]:
        """Return the names of the rules that keep a candidate from serving."""
        return frozenset(r.rule for r in self.reasons if r.candidate == candidate and r.veto)

    @property
    def decisive(self) -> tuple[str, ...]:
        """Return the names of the rules without any of which somebody else would come first."""
        first = self.order[:1]
        rules = {r.rule for r in self.reasons}
        return tuple(
            name
            for name in sorted(rules)
            if _ranked(self.candidates, [r for r in self.reasons if r.rule != name])[:1] != first
        )

    @property
    def forbidden(self) -> str:
        """What a person, and not the state of things, keeps from serving, in words."""
        found = (r.why for r in self.reasons if r.veto and r.rule in _BY_THE_USER)
        return "; ".join(dict.fromkeys(found))

    @property
    def kept(self) -> bool:
        """Whether a person keeps it from the cloud."""
        return bool(self.vetoes(CLOUD) & _BY_THE_USER)

    def names(self, rule: str) -> bool:
        """Whether a rule has vetoed anybody."""
        return any(r.veto and r.rule == rule for r in self.reasons)

    @property
    def prefers_local(self) -> str:
        """Why a local model goes before a cloud that may be asked; empty when it does not."""
        if not self.order or self.order[0] == CLOUD:
            return ""
        if CLOUD in self.order:
            return self.speaks_for(self.order[0])
        found = (r for r in self.reasons if r.candidate == CLOUD and r.veto)
        return next((r.why for r in found if r.rule in _BY_THE_USER), "")

    def speaks_for(self, candidate: str) -> str:
        """Return the strongest reason for a candidate; empty when no rule is for it."""
        found = (r for r in self.reasons if r.candidate == candidate and r.points > 0)
        best = max(found, key=lambda reason: reason.points, default=None)
        return "" if best is None else best.why


def decide(facts: Facts, candidates: Sequence[Candidate], rules: Iterable[Rule]) -> Decision:
    """Return whom no rule vetoed, best first. The order of the rules cannot matter."""
    reasons: set[Reason] = set()
    for rule in rules:
        for candidate in candidates:
            if (verdict := rule(facts, candidate)) is not None:
                reasons.add(_reason(rule, candidate, verdict))
    names = tuple(candidate.name for candidate in candidates)
    return Decision(_ranked(names, reasons), tuple(sorted(reasons)), names)


def _reason(rule: Rule, candidate: Candidate, verdict: Veto | Score) -> Reason:
    name = rule.__module__.rpartition(".")[2]
    match verdict:
        case Veto(why):
            return Reason(candidate.name, why, veto=True, rule=name)
        case Score(worth, why):
            return Reason(candidate.name, why, False, name, worth)


def _ranked(candidates: Iterable[str], reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return those whom no reason vetoes, the one with the most points first."""
    points = dict.fromkeys(candidates, 0)
    vetoed: set[str] = set()
    for reason in reasons:
        points[reason.candidate] += reason.points
        if reason.veto:
            vetoed.add(reason.candidate)
    able = (name for name in points if name not in vetoed)
    return tuple(sorted(able, key=lambda name: -points[name]))
