"""Rule: the local model that the user has chosen goes before the others."""

from typing import Final

from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.names import goes_by
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict
from standby.core.quota.machine import Admission

__all__ = ["rule"]

# Where the cloud serves, it is only a word among local models; where it does not, the last one.
_AMONG_OTHERS: Final = 50
_CHOSEN: Final = 2000


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be for the model that goes by the chosen name; another may stand in for it."""
    if not facts.preferred or candidate.model is None:
        return None
    if not goes_by(facts.preferred, candidate.model) or _is_past(facts):
        return None
    alone = facts.mode is Mode.LOCAL or facts.admission is Admission.STAY
    return Score(_CHOSEN if alone else _AMONG_OTHERS, "you chose it")


def _is_past(facts: Facts) -> bool:
    """Whether another local model may have been given this turn because this one went in circles.

    It would come back with the next call.
    """
    second = facts.second_opinion is SecondOpinion.LOCAL
    return second and facts.thread.is_local and facts.features.in_loop
