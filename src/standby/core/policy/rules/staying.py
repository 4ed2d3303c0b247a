"""Rule: a conversation does not change sides in the middle of a turn."""

from typing import Final

from standby.core.policy.thread import CLOUD
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict

__all__ = ["rule"]

# More than all that other rules can say together, but of a model that goes round in circles.
_STAYS: Final = 10_000
_BESIDE: Final = 9_000


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Within a tool loop, be for whoever answered its last call, and then for the same side.

    An engine that fails again and again holds nobody.
    """
    begun_by = facts.begun_by
    if not begun_by or candidate.rests:
        return None
    if candidate.name == begun_by:
        return Score(_STAYS, "it began this turn")
    if begun_by != CLOUD and not candidate.is_cloud:
        return Score(_BESIDE, "a local model began this turn")
    return None
