"""Prepaid credit that is empty, or a limit that the customer has set."""

from typing import Final

from standby.core.quota.reading import evidence, month_end, said_date
from standby.core.quota.reply import Reply
from standby.core.quota.signals import (
    ALL_MODELS,
    CREDIT,
    OWN_LIMIT,
    Billing,
    Exhausted,
    Signal,
)

__all__ = ["RANK", "read"]

RANK: Final = 7

# These have no error code: the phrases are all there is.
_NO_CREDIT: Final = "credit balance is too low"
_LIMIT: Final = ("specified api usage limits", "workspace api usage limits")


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 400 whose words speak of credit or of a usage limit."""
    if reply.meant != 400:  # noqa: PLR2004 - the only status they come with
        return None
    words = reply.fault.message.lower()
    if _NO_CREDIT in words:
        return Billing(ALL_MODELS, CREDIT, evidence(reply, "credit balance is too low"))
    if not any(phrase in words for phrase in _LIMIT):
        return None
    until = said_date(words, now, OWN_LIMIT)
    return Exhausted(
        until=month_end(now) if until is None else until,
        scope=ALL_MODELS,
        claim=OWN_LIMIT,
        evidence=evidence(reply, "API usage limits"),
    )
