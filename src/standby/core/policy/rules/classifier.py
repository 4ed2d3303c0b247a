"""Rule: whether an action is safe is for the cloud to say, or for nobody."""

from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto
from standby.core.wire.purpose import Purpose

__all__ = ["rule"]


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto local models for a client's safety check, whatever model it names.

    A local answer would look like the check that the user relies on, and would not be it.
    """
    if facts.purpose is Purpose.CLASSIFIER and not candidate.is_cloud:
        return Veto("a safety check is not answered by a local model")
    return None
