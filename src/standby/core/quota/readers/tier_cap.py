"""The monthly spending cap of an API account's tier."""

from typing import Final

from standby.core.quota.reading import evidence, is_refusal, month_end, said_date
from standby.core.quota.reply import Reply
from standby.core.quota.signals import ALL_MODELS, TIER_CAP, Exhausted, Signal

__all__ = ["RANK", "read"]

RANK: Final = 5

_CODE: Final = "enforced_spend_limit_reached"


def read(reply: Reply, now: float) -> Signal | None:
    """Read the error code of the cap, on any status; its end stands in the words only."""
    if not is_refusal(reply) or reply.fault.code != _CODE:
        return None
    until = said_date(reply.fault.message, now, TIER_CAP)
    return Exhausted(
        until=month_end(now) if until is None else until,
        scope=ALL_MODELS,
        claim=TIER_CAP,
        evidence=evidence(reply, _CODE),
    )
