"""Rule: what this machine cannot do well now is left to others while they can."""

from collections.abc import Iterator
from typing import Final

from standby.core.policy.modes import Mode
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict
from standby.core.quota.machine import Admission
from standby.core.wire.purpose import Purpose

__all__ = ["rule"]

_RESTS: Final = -400
_SLOW: Final = -300
_POOR: Final = -300
# A person waits for a turn; nobody waits for a subagent or a title beside it.
_AWAITED: Final = frozenset({Purpose.WORK, Purpose.ASIDE})
_PATIENCE_S: Final = 45.0
_BACKGROUND_PATIENCE_S: Final = 180.0
# A request that says no more than this is answered soon by any model that is there.
_SHORT_TOKENS: Final = 4000
_BATTERY: Final = 0.3
_MEMORY: Final = 0.05


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be against a local model that rests after failures, would be slow, or drains the machine."""
    if candidate.is_cloud or facts.mode is Mode.LOCAL:
        return None
    found = [*_against(facts, candidate)]
    if not found:
        return None
    return Score(sum(points for points, _ in found), "; ".join(why for _, why in found))


def _against(facts: Facts, candidate: Candidate) -> Iterator[tuple[int, str]]:
    if candidate.rests:
        yield _RESTS, "its engine has failed again and again"
    patience_s = _PATIENCE_S if facts.purpose in _AWAITED else _BACKGROUND_PATIENCE_S
    if candidate.wait_s is not None and candidate.wait_s > patience_s:
        yield _SLOW, f"it would begin to answer after about {candidate.wait_s:.0f} s"
    elif _spares(facts) and (unknown := _unknown(facts, candidate)):
        yield _SLOW, unknown
    machine = facts.machine
    if machine.battery is not None and machine.battery < _BATTERY:
        yield _POOR, f"the battery is at {machine.battery:.0%}"
    if machine.memory is not None and machine.memory < _MEMORY:
        yield _POOR, f"{machine.memory:.0%} of the memory is free"


def _spares(facts: Facts) -> bool:
    """Whether the cloud would answer, and a person waits: nobody should for sparing's sake."""
    serves = facts.mode is Mode.SPARE and facts.admission is not Admission.STAY
    return serves and facts.purpose in _AWAITED and facts.features.tokens > _SHORT_TOKENS


def _unknown(facts: Facts, candidate: Candidate) -> str:
    """Return why nobody can say when an answer would begin; empty when it is known."""
    model = candidate.model
    if model is not None and not model.loaded:
        return "it is not loaded, and loading takes time"
    if candidate.wait_s is None:
        return f"how long it takes to read {facts.features.tokens} tokens was not seen yet"
    return ""
