"""Rule: what is of little value goes to a local model early, so that the quota lasts."""

from typing import Final

from standby.core.policy.modes import Mode
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict
from standby.core.quota.machine import Admission
from standby.core.wire.asked import Purpose

__all__ = ["needed_level", "rule"]

_SPARED: Final = 250
_BACKGROUND: Final = frozenset({Purpose.TITLE})
_BACKGROUND_LEVEL: Final = 1
_SUBAGENT_LEVEL: Final = 2
_SMALL_LEVEL: Final = 3
_LARGE_LEVEL: Final = 4
# A turn that brings more is no small one, whatever it asks for.
_SMALL_TOKENS: Final = 60_000


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be for local models when the pace of the quota asks for it and the request is worth little.

    Turns of high value, and those of which nobody can tell, stay on the cloud as long as it serves.
    """
    if facts.mode is not Mode.SPARE or candidate.is_cloud or facts.admission is Admission.STAY:
        return None
    level = facts.pace.level
    if not level or (needed := needed_level(facts)) is None or level < needed:
        return None
    return Score(_SPARED, f"to spare the quota ({facts.pace.why}): {_words(facts)}")


def needed_level(facts: Facts) -> int | None:
    """Return from which level of the pace on a request goes local; ``None``: never."""
    if facts.purpose in _BACKGROUND:
        return _BACKGROUND_LEVEL
    if facts.purpose is Purpose.COMPACTION:
        return _LARGE_LEVEL
    if facts.purpose not in {Purpose.WORK, Purpose.SUBAGENT}:
        return None
    if facts.features.workload.of_high_value:
        return None
    if facts.purpose is Purpose.SUBAGENT:
        return _SUBAGENT_LEVEL
    return _SMALL_LEVEL if facts.features.tokens <= _SMALL_TOKENS else _LARGE_LEVEL


def _words(facts: Facts) -> str:
    if facts.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
        return f"the turn is {facts.features.workload.words}"
    return f"this is a {facts.purpose.value}"
