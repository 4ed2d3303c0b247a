"""An answer that was served out of paid extra usage."""

from typing import Final

from standby.core.quota.reading import (
    ACCOUNT,
    claim_of,
    evidence,
    rejected_windows,
    window_end,
    window_scope,
)
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Overage, Signal

__all__ = ["RANK", "read"]

RANK: Final = 1


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 200 with a rejected status of the account or of a window, or with overage in use.

    ``overage-status: rejected`` says only that extra usage is off.
    """
    if reply.meant != 200:  # noqa: PLR2004 - served
        return None
    account = (ACCOUNT,) if reply.unified("status") == "rejected" else ()
    rejected = account + rejected_windows(reply)
    if not rejected and reply.unified("overage-in-use") != "true":
        return None
    return Overage(
        until=window_end(reply, now),
        scope=window_scope(reply),
        claim=claim_of(reply),
        evidence=evidence(reply, *rejected, "paid extra usage"),
    )
