"""Rule: the cloud wants a credential, and a local model a caller who may use it."""

from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto

__all__ = ["rule"]


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto the cloud for a request without its credential, and local models for strangers."""
    if candidate.is_cloud and not facts.credential:
        return Veto("the request has no cloud credential")
    if not candidate.is_cloud and not facts.trusted:
        return Veto("the gateway does not know the caller")
    return None
