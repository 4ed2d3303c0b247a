"""A cloud that fails or cannot be reached."""

from typing import Final

from standby.core.quota.reading import evidence
from standby.core.quota.reply import Reply
from standby.core.quota.signals import ALL_MODELS, Down, Signal

__all__ = ["RANK", "read"]

RANK: Final = 12

_SERVER_ERRORS: Final = range(500, 600)
_OVERLOADED: Final = 529


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 5xx other than 529, and a connection that failed or stayed silent."""
    failed = reply.meant in _SERVER_ERRORS and reply.meant != _OVERLOADED
    if reply.broke is None and not failed:
        return None
    return Down(ALL_MODELS, evidence(reply, reply.fault.kind))
