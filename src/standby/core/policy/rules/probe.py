"""Rule: a client's look at its quota is the cloud's to answer."""

from standby.core.policy.names import is_local_name
from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto
from standby.core.wire.purpose import Purpose

__all__ = ["rule"]


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto local models for a quota probe, unless it names one: they have no quota."""
    probes = facts.purpose is Purpose.QUOTA_PROBE and not is_local_name(facts.model)
    if probes and not candidate.is_cloud:
        return Veto("a local model cannot tell the cloud's quota")
    return None
