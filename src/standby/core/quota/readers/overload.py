"""Overload of the cloud."""

from typing import Final

from standby.core.quota.reading import evidence, model_scope
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Overloaded, Signal

__all__ = ["RANK", "read"]

RANK: Final = 11

_OVERLOADED: Final = 529


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 529, also as an error event inside a 200, and the error type on any 5xx."""
    typed = reply.meant >= 500 and reply.fault.kind == "overloaded_error"  # noqa: PLR2004 - 5xx
    if not typed and reply.meant != _OVERLOADED:
        return None
    return Overloaded(model_scope(reply), evidence(reply, reply.fault.kind))
