"""Rule: what a model was seen to do well it may do again."""

from typing import Final

from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict

__all__ = ["rule"]

_FAILS: Final = -300
_WELL: Final = 20
_PASSED: Final = 0.5


def rule(_facts: Facts, candidate: Candidate) -> Verdict:
    """Be against a local model that failed its audition for such work; silent without one."""
    if candidate.ability is None:
        return None
    if candidate.ability < _PASSED:
        return Score(_FAILS, f"it passed {candidate.ability:.0%} of its audition for such work")
    return Score(
        round(_WELL * candidate.ability), f"it passed {candidate.ability:.0%} of its audition"
    )
