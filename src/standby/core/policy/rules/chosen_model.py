"""Rule: a request that names a local model goes to that one."""

from standby.core.policy.names import is_local_name, matches
from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto

__all__ = ["rule"]


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto the cloud, and every local model that was not named."""
    if not is_local_name(facts.model):
        return None
    if candidate.is_cloud:
        return Veto(f"{facts.model!r} names a local model")
    if candidate.model is not None and not matches(facts.model, candidate.model):
        return Veto(f"{facts.model!r} names another model")
    return None
