"""What is said of a quota to a person."""

from collections.abc import Mapping
from typing import Final

from standby.core.quota.machine import Quota, State
from standby.core.quota.signals import ALL_MODELS, CREDIT, LONG_WAIT, OWN_LIMIT, PAYMENT, TIER_CAP

__all__ = ["reason"]

_BY_CLAIM: Final[Mapping[str, str]] = {
    "five_hour": "the 5-hour limit is reached",
    "seven_day": "the weekly limit is reached",
    "seven_day_opus": "the weekly Opus limit is reached",
    "seven_day_sonnet": "the weekly Sonnet limit is reached",
    "seven_day_overage_included": "the weekly limit of this model is reached",
    "overage": "the extra usage is used up",
    TIER_CAP: "the monthly spending cap of the API tier is reached",
    OWN_LIMIT: "the API usage limit set for the account is reached",
    CREDIT: "the prepaid credit is empty; somebody must add some",
    PAYMENT: "a spending limit or a payment problem stops the account; somebody must act",
    LONG_WAIT: "the cloud asks for a long wait",
    "throttled": "the cloud asks for a short pause",
    "overloaded": "the cloud is overloaded",
    "down": "the cloud does not answer",
}


def reason(quota: Quota) -> str:
    """Return why the cloud is not asked, without the time; empty while it is."""
    if quota.state is State.OPEN:
        return ""
    why = _BY_CLAIM.get(quota.claim, "a usage limit is reached")
    return why if quota.scope == ALL_MODELS else f"{why} ({quota.scope})"
