"""Why the cloud is not asked, in words for a person."""

from collections.abc import Mapping
from typing import Final

from standby.core.quota.machine import Quota, State
from standby.core.quota.signals import ALL_MODELS

__all__ = ["reason"]

_CLAIMS: Final[Mapping[str, str]] = {
    "five_hour": "the 5-hour limit is reached",
    "seven_day": "the weekly limit is reached",
    "seven_day_opus": "the weekly limit for Opus is reached",
    "seven_day_sonnet": "the weekly limit for Sonnet is reached",
    "seven_day_overage_included": "the weekly limit for this model is reached",
    "overage": "the extra usage is spent or not wanted",
    "tier_cap": "the monthly limit of the API tier is reached",
    "own_limit": "the spending limit that you set is reached",
    "payment": "the account's billing needs attention",
    "credit": "the prepaid credit is spent",
    "long_wait": "the cloud asks for a long pause",
    "throttled": "the cloud asks for a short pause",
    "overloaded": "the cloud is overloaded",
    "down": "the cloud cannot be reached",
}


def reason(quota: Quota) -> str:
    """Return why requests stay here; empty while the quota is open."""
    if quota.state is State.OPEN:
        return ""
    known = _CLAIMS.get(quota.claim, f"the limit {quota.claim!r} is reached" if quota.claim else "")
    said = known or "the cloud does not serve now"
    return said if quota.scope == ALL_MODELS or "for" in said else f"{said} for {quota.scope}"
