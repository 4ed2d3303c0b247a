"""Rule: where a local model goes round in circles in a turn, somebody else goes on with it."""

from typing import Final

from standby.core.policy.modes import SecondOpinion
from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict

__all__ = ["rule"]

# The one score that outweighs the staying within a turn, and all that is said beside it.
_AWAY: Final = 20_000
# More than what the staying makes of the model that began the turn, and of the others.
_TIRED: Final = -1_500


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be for the cloud, or for another local model, as the settings have it.

    Nothing is moved twice for the same circles: the cloud ends a turn that it has taken over, and
    another local model gets as many calls as it took to find out about the first.
    """
    loop = facts.loop
    if loop is None:
        return None
    why = f"the local model goes round in circles: {loop.words}"
    if facts.second_opinion is SecondOpinion.CLOUD:
        return Score(_AWAY, why) if candidate.is_cloud else None
    tired = loop.fresh and candidate.name == facts.thread.by
    return Score(_TIRED, why) if tired else None
