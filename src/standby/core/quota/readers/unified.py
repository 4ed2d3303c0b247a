"""A window of a subscription that is used up."""

import re
from typing import Final

from standby.core.quota.reading import (
    ACCOUNT,
    claim_of,
    evidence,
    rejected_windows,
    rejections,
    window_end,
    window_scope,
)
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Exhausted, Signal

__all__ = ["RANK", "read"]

RANK: Final = 4

_ABOVE_ZERO: Final = re.compile(r"0*\.?0*[1-9][\d.]*")


def read(reply: Reply, now: float) -> Signal | None:
    """Read a 429 with a claim, with an overage status, or with any status that is rejected.

    Claude Code makes the same test (2.1.330). The claim decides which models it covers. Inside a
    200 the claim is there anyway, and only a rejected status counts.
    """
    if reply.meant != 429:  # noqa: PLR2004 - too many requests
        return None
    rejected = _rejected(reply)
    claim = claim_of(reply)
    named = reply.unified("representative-claim") or reply.unified("overage-status")
    if not rejected and (reply.late or not named):
        return None
    return Exhausted(
        until=window_end(reply, now),
        scope=window_scope(reply),
        claim=claim or _claim_of(rejected),
        evidence=evidence(reply, claim, *(f"{name}-status: rejected" for name in rejected)),
        probabilistic=_may_serve(reply),
    )


def _rejected(reply: Reply) -> tuple[str, ...]:
    # `overage-status: rejected` in the head of a 200 says only that extra usage is off.
    return (
        rejections(reply)
        if not reply.late
        else tuple(
            name for name in rejections(reply) if name == ACCOUNT or name in rejected_windows(reply)
        )
    )


def _may_serve(reply: Reply) -> bool:
    """Whether some requests are still let through, or the headers call the account allowed."""
    share = reply.unified("fallback-percentage")
    return bool(_ABOVE_ZERO.fullmatch(share)) or reply.unified("status").startswith("allowed")


def _claim_of(rejected: tuple[str, ...]) -> str:
    """Return the claim that goes with the windows rejected; of several, the longest binds."""
    by_window = (
        ("7d", "seven_day"),
        ("5h", "five_hour"),
        ("7d_oi", "seven_day_overage_included"),
        ("7d_opus", "seven_day_opus"),
        ("7d-opus", "seven_day_opus"),
        ("7d_sonnet", "seven_day_sonnet"),
        ("7d-sonnet", "seven_day_sonnet"),
    )
    return next((claim for window, claim in by_window if window in rejected), "")
