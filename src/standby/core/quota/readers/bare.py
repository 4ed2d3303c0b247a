"""A refusal for too many requests that says nothing else."""

from typing import Final

from standby.core.quota.reading import evidence, model_scope, named_wait
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Signal, Throttled

__all__ = ["RANK", "read"]

RANK: Final = 10


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 429 that names no time: not the user's limit, and over soon."""
    if reply.meant != 429 or named_wait(reply, now) is not None:  # noqa: PLR2004 - too many requests
        return None
    return Throttled(None, model_scope(reply), evidence(reply))
