"""A limit per minute, and traffic that grows too fast."""

from typing import Final

from standby.core.quota.reading import BURST_S, evidence, model_scope, named_wait
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Signal, Throttled

__all__ = ["RANK", "read"]

RANK: Final = 8

_RAMP: Final = "ramp_limit_exceeded"


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 429 that asks to wait a minute at most, or that says the traffic grew too fast."""
    if reply.meant != 429:  # noqa: PLR2004 - too many requests
        return None
    until = named_wait(reply, now)
    ramp = reply.fault.code == _RAMP
    if not ramp and (until is None or until > now + BURST_S):
        return None
    return Throttled(until, model_scope(reply), evidence(reply, reply.fault.code))
