"""Rule: what is of little value goes to a local model early, so that the quota lasts."""

from typing import Final

from standby.core.policy.modes import Mode
from standby.core.policy.thread import CLOUD
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict
from standby.core.quota.machine import Admission
from standby.core.wire.purpose import Purpose

__all__ = ["needed_level", "rule"]

_SPARED: Final = 250
_BACKGROUND: Final = frozenset({Purpose.TITLE})
# What needs no change of sides goes first: what is done beside a conversation, then what begins
# one.
_BESIDE_LEVEL: Final = 1
_ANY_BESIDE_LEVEL: Final = 2
_BEGINNING_LEVEL: Final = 3
_LEAVING_LEVEL: Final = 4
# What has gone local goes on there as long as anything is spared.
_STAYING_LEVEL: Final = 1
# A turn that looks small among great ones is often one of them, said in passing: what is not quite
# sure of it moves a running conversation only where the turn before looked small, too.
_SURE_ALONE: Final = 0.95
_SMALL_BEFORE: Final = 0.5
# A turn that brings more is no small one, whatever it asks for.
_SMALL_TOKENS: Final = 60_000
# Each return may cost the cloud a cold prompt.
_MOST_SWITCHES: Final = 4


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be for local models when the pace of the quota asks for it and the request is worth little.

    Turns of high value stay on the cloud as long as it serves. So do those of which nobody can
    tell, but in a conversation that is here already: it returns for what is surely worth it. A turn
    that has begun is ended where it began, whatever it is worth.
    """
    if facts.mode is not Mode.SPARE or candidate.is_cloud or facts.admission is Admission.STAY:
        return None
    level = facts.pace.level
    if not level or facts.begun_by or _restless(facts):
        return None
    if (needed := needed_level(facts)) is None or level < needed:
        return None
    return Score(_SPARED, f"to spare the quota ({facts.pace.why}): {_words(facts)}")


def _restless(facts: Facts) -> bool:
    """Whether a conversation has been moved often enough: it stays where its best turns are."""
    thread = facts.thread
    return thread.by == CLOUD and thread.switches(facts.now) >= _MOST_SWITCHES


def needed_level(facts: Facts) -> int | None:
    """Return from which level of the pace on a request goes local; ``None``: never."""
    if facts.purpose in _BACKGROUND:
        return _BESIDE_LEVEL
    if facts.purpose is Purpose.COMPACTION:
        return _ANY_BESIDE_LEVEL
    if facts.purpose not in {Purpose.WORK, Purpose.SUBAGENT}:
        return None
    guess = facts.features.workload
    if facts.purpose is Purpose.SUBAGENT:
        return _ANY_BESIDE_LEVEL if guess.of_high_value else _BESIDE_LEVEL
    if facts.thread.is_local:
        return _STAYING_LEVEL if guess.may_be_of_little_value else None
    if guess.of_high_value:
        return None
    if not facts.thread.by:
        small = facts.features.tokens <= _SMALL_TOKENS
        return _BEGINNING_LEVEL if small else _LEAVING_LEVEL
    is_sure = guess.little >= _SURE_ALONE or facts.thread.little >= _SMALL_BEFORE
    return _LEAVING_LEVEL if is_sure else None


def _words(facts: Facts) -> str:
    if facts.purpose in {Purpose.WORK, Purpose.SUBAGENT}:
        return f"the turn is {facts.features.workload.words}"
    return f"this is a {facts.purpose.value}"
