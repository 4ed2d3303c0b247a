"""A limit that the cloud does not name, with a long wait."""

from typing import Final

from standby.core.quota.reading import BURST_S, evidence, model_scope, named_wait
from standby.core.quota.reply import Reply
from standby.core.quota.signals import LONG_WAIT, Exhausted, Signal

__all__ = ["RANK", "read"]

RANK: Final = 9


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 429 that asks to wait more than a minute and says nothing else."""
    if reply.meant != 429:  # noqa: PLR2004 - too many requests
        return None
    until = named_wait(reply, now)
    if until is None or until <= now + BURST_S:
        return None
    return Exhausted(
        until=until,
        scope=model_scope(reply),
        claim=LONG_WAIT,
        evidence=evidence(reply, f"wait {until - now:.0f} s"),
    )
