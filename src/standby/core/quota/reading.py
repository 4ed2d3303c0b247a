"""What readers share: moments, waits and scopes out of headers and words.

Peers send anything. Whatever cannot be read, or names a moment that has passed, is ``None``.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Final

from standby.core.quota.reply import UNIFIED, Reply
from standby.core.quota.signals import ALL_MODELS, LONGEST_S, Scope, longest_wait_s

__all__ = [
    "ACCOUNT",
    "BURST_S",
    "claim_of",
    "evidence",
    "is_refusal",
    "model_scope",
    "moment",
    "month_end",
    "named_wait",
    "rejected_windows",
    "rejections",
    "said_date",
    "window_end",
    "window_scope",
]

BURST_S: Final = 60.0
"""A longer wait is a switch, not a pause: Claude Code gives up above it, too (2.1.330)."""

ACCOUNT: Final = "unified"
_REJECTED: Final = "rejected"
_STATUS: Final = re.compile(re.escape(UNIFIED) + r"(?:([a-z0-9_-]+)-)?status")
_NUMBER: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_SAID_DATE: Final = re.compile(r"\bon (\d{4})-(\d{2})-(\d{2})(?: at (\d{2}):(\d{2}))?")
_HTTP_DATE: Final = re.compile(r"[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_UNTIDY: Final = re.compile(r"[^A-Za-z0-9_.:+-]+")
_CLAIM: Final = re.compile(r"[a-z0-9_]{1,48}")
_MAX_WORD: Final = 48

# The per-window headers, by what they limit. Opus and Sonnet appear in the field in two spellings.
_ALL_WINDOWS: Final = ("5h", "7d")
_MODEL_WINDOWS: Final = ("7d_oi",)
_FAMILY_WINDOWS: Final[Mapping[str, str]] = {
    "7d_opus": "opus",
    "7d-opus": "opus",
    "7d_sonnet": "sonnet",
    "7d-sonnet": "sonnet",
}
_WINDOWS: Final = frozenset((*_ALL_WINDOWS, *_MODEL_WINDOWS, *_FAMILY_WINDOWS))
_WINDOW_OF_CLAIM: Final[Mapping[str, tuple[str, ...]]] = {
    "five_hour": ("5h",),
    "seven_day": ("7d",),
    "seven_day_opus": ("7d_opus", "7d-opus", "7d"),
    "seven_day_sonnet": ("7d_sonnet", "7d-sonnet", "7d"),
    "seven_day_overage_included": ("7d_oi",),
    "overage": ("overage",),
}
_FAMILY_OF_CLAIM: Final[Mapping[str, str]] = {
    "seven_day_opus": "opus",
    "seven_day_sonnet": "sonnet",
    "seven_day_haiku": "haiku",
    "seven_day_fable": "fable",
    "seven_day_mythos": "mythos",
}
_BUCKETS: Final = ("requests", "tokens", "input-tokens", "output-tokens")


def is_refusal(reply: Reply) -> bool:
    """Whether the cloud answered with an error of any kind."""
    return reply.broke is None and reply.meant >= 400  # noqa: PLR2004 - where HTTP's errors begin


def moment(value: str, now: float, longest_s: float = LONGEST_S) -> float | None:
    """Return the moment that a header names, at most ``longest_s`` ahead.

    Subscriptions get seconds since the epoch, API keys RFC 3339.
    """
    at = float(value) if _NUMBER.fullmatch(value) else _rfc3339(value)
    return _ahead(at, now, longest_s)


def named_wait(reply: Reply, now: float) -> float | None:
    """Return until when a refusal asks to wait: ``retry-after``, or the reset of an empty bucket.

    Read as the SDKs do: milliseconds first, then seconds, then an HTTP date. On a 200 the header
    means nothing, even if an error follows in the stream (real answers carry it).
    """
    if reply.late:
        return None
    for wait_s in (
        _number(reply.header("retry-after-ms"), 1e-3),
        _number(reply.header("retry-after")),
    ):
        if wait_s is not None:
            return now + min(wait_s, LONGEST_S)
    dated = _ahead(_http_date(reply.header("retry-after").lower()), now, LONGEST_S)
    return _bucket_end(reply, now) if dated is None else dated


def rejections(reply: Reply) -> tuple[str, ...]:
    """Return all that the headers call rejected, sorted; the account as a whole is ``unified``."""
    found = (name for name, value in reply.lower.items() if value.lower() == _REJECTED)
    named = (_STATUS.fullmatch(name) for name in found)
    return tuple(sorted(match[1] or ACCOUNT for match in named if match))


def rejected_windows(reply: Reply) -> tuple[str, ...]:
    """Return the rejected windows that limit a subscription; extra usage is not one of them."""
    return tuple(name for name in rejections(reply) if name in _WINDOWS)


def claim_of(reply: Reply) -> str:
    """Return the window that the cloud says is binding; empty when it names none."""
    claim = reply.unified("representative-claim")
    return claim if _CLAIM.fullmatch(claim) else ""


def window_end(reply: Reply, now: float) -> float | None:
    """Return when a spent subscription is served again: the binding reset, else the best known."""
    binding = moment(reply.unified("reset"), now)
    if binding is not None:
        return binding
    rejected = _resets(reply, rejected_windows(reply) or rejections(reply), now)
    if rejected:
        return max(rejected)
    claimed = _resets(reply, _WINDOW_OF_CLAIM.get(claim_of(reply), ()), now)
    return claimed[0] if claimed else named_wait(reply, now)


def window_scope(reply: Reply) -> Scope:
    """Return what a spent window covers: the claim decides; without one, the windows rejected."""
    claim = claim_of(reply)
    if claim in _FAMILY_OF_CLAIM:
        return Scope(_FAMILY_OF_CLAIM[claim])
    if claim == "seven_day_overage_included":
        return model_scope(reply)
    rejected = () if claim else rejected_windows(reply)
    if not rejected or any(name in _ALL_WINDOWS for name in rejected):
        return ALL_MODELS
    if any(name in _MODEL_WINDOWS for name in rejected):
        return model_scope(reply)
    return Scope(_FAMILY_WINDOWS[rejected[0]])


def model_scope(reply: Reply) -> Scope:
    """Return the requested model as a scope: an ordinary refusal of one says nothing of others."""
    return Scope(reply.model)


def said_date(words: str, now: float, claim: str) -> float | None:
    """Return the moment that an error message names: ``on YYYY-MM-DD at HH:MM UTC``."""
    found = _SAID_DATE.search(words)
    if found is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    at = _timestamp(lambda: _utc(year, month, day, hour, minute))
    return _ahead(at, now, longest_wait_s(claim))


def month_end(now: float) -> float:
    """Return the first moment of next month, UTC."""
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)  # noqa: PLR2004 - December
    return _utc(year, month, 1).timestamp()


def evidence(reply: Reply, *words: str) -> str:
    """Return what showed a limit, from the peer's own words made short and harmless."""
    tidy = (_UNTIDY.sub("_", word)[:_MAX_WORD] for word in words if word)
    head = reply.broke or f"HTTP {reply.status}"
    return ", ".join((head, *tidy))


def _resets(reply: Reply, windows: tuple[str, ...], now: float) -> list[float]:
    named = (moment(reply.unified(f"{name}-reset"), now) for name in windows)
    return [at for at in named if at is not None]


def _bucket_end(reply: Reply, now: float) -> float | None:
    prefix = "anthropic-ratelimit-"
    empty = (name for name in _BUCKETS if reply.header(f"{prefix}{name}-remaining") == "0")
    ends = (moment(reply.header(f"{prefix}{name}-reset"), now) for name in empty)
    return max((at for at in ends if at is not None), default=None)


def _number(value: str, unit: float = 1.0) -> float | None:
    return float(value) * unit if _NUMBER.fullmatch(value) else None


def _ahead(at: float | None, now: float, longest_s: float) -> float | None:
    return None if at is None or at <= now else min(at, now + longest_s)


def _rfc3339(value: str) -> float | None:
    def read() -> dt.datetime:
        at = dt.datetime.fromisoformat(value.upper())
        return at if at.tzinfo else at.replace(tzinfo=dt.UTC)

    return _timestamp(read)


def _http_date(value: str) -> float | None:
    found = _HTTP_DATE.fullmatch(value)
    if found is None or found[2] not in _MONTHS:
        return None
    month = _MONTHS.index(found[2]) + 1
    day, year, hour, minute, second = (int(found[part]) for part in (1, 3, 4, 5, 6))
    return _timestamp(lambda: _utc(year, month, day, hour, minute, second))


def _utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)


def _timestamp(read: Callable[[], dt.datetime]) -> float | None:
    try:
        return read().timestamp()
    except (ValueError, OverflowError):
        return None
