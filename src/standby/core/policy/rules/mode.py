"""Rule: what the user has decided for all requests."""

from standby.core.policy.modes import Mode
from standby.core.policy.names import is_local_name
from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto
from standby.core.wire.purpose import Purpose

__all__ = ["rule"]


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto the side that is switched off; a local model that is named, and a quota probe, pass."""
    if candidate.is_cloud:
        off = facts.mode is Mode.LOCAL and facts.purpose is not Purpose.QUOTA_PROBE
        return Veto("the user has switched the cloud off") if off else None
    off = facts.mode is Mode.CLOUD and not is_local_name(facts.model)
    return Veto("the user has switched local models off") if off else None
