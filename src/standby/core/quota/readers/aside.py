"""Extra usage that one request needs: long context, fast mode."""

from typing import Final

from standby.core.quota.reading import evidence
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Aside, Signal

__all__ = ["RANK", "read"]

# Such a refusal may carry the headers of a spent subscription. Taken for one, it would lock out an
# account that serves everything else.
RANK: Final = 3

_PAID: Final = ("extra usage", "credit")


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 400, 402 or 429 whose words ask for extra usage for long context or for fast mode."""
    if reply.meant not in (400, 402, 429):
        return None
    words = reply.fault.message.lower()
    if "extra usage" in words and "long context" in words:
        return Aside(evidence(reply, "long context"))
    if "fast mode" in words and any(phrase in words for phrase in _PAID):
        return Aside(evidence(reply, "fast mode"))
    return None
