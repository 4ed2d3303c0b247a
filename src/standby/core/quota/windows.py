"""What the headers of an answer say of each window, for people to see. No decision rests on it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.quota.reading import moment
from standby.core.quota.reply import UNIFIED
from standby.core.request import Headers

__all__ = ["LENGTH_S", "Window", "read_windows", "warnings"]

LENGTH_S: Final[Mapping[str, float]] = {
    "5h": 5 * 3600.0,
    "7d": 7 * 86_400.0,
    "7d_oi": 7 * 86_400.0,
    "7d_opus": 7 * 86_400.0,
    "7d_sonnet": 7 * 86_400.0,
}
"""How long a window is, in seconds, where that is known."""

# Share used, before which share of the window has passed: the client's own thresholds (2.1.330).
_TOO_FAST: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "5h": ((0.90, 0.72),),
    "7d": ((0.75, 0.60), (0.50, 0.35), (0.25, 0.15)),
}
_NEARLY_ALL: Final = 0.95
_MOST: Final = 32  # a peer's headers are many at will
_API_PREFIXES: Final = ("anthropic-ratelimit-", "anthropic-")
_API_BUCKETS: Final = (
    "requests",
    "tokens",
    "input-tokens",
    "output-tokens",
    "priority-input-tokens",
    "priority-output-tokens",
)
_UTILISATION: Final = re.compile(re.escape(UNIFIED) + r"([a-z0-9_-]{1,40})-utilization")
_STATUS: Final = re.compile(re.escape(UNIFIED) + r"(5h|7d(?:[_-][a-z]{1,16})?|overage)-status")
_FRACTION: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,17})?")


@dataclass(frozen=True, slots=True)
class Window:
    """One window or bucket, as the last answer described it. ``None`` means: it does not say."""

    name: str
    """``5h``, ``7d``, ``7d_oi``, ``overage`` ..., or a bucket such as ``input-tokens``."""
    utilisation: float | None = None
    """The share used; may pass 1."""
    resets_at: float | None = None
    """Seconds since the epoch."""
    status: str = ""
    """``allowed``, ``allowed_warning`` or ``rejected``, where the cloud gives one."""
    surpassed: float | None = None
    """The threshold that the cloud says was passed."""


def read_windows(headers: Headers, now: float) -> tuple[Window, ...]:
    """Return what the headers say, sorted by name."""
    ours = {
        name.lower(): value.strip()
        for name, value in reversed(headers)
        if name.lower().startswith("anthropic-")
    }
    if not ours:
        return ()
    found = [*_subscription(ours, now), *_api_key(ours, now)]
    return tuple(sorted(found, key=lambda window: window.name)[:_MOST])


def warnings(window: Window, now: float) -> tuple[str, ...]:
    """Return why a window may end too soon, in words; empty when it looks well.

    The cloud's own word comes first; without one, the thresholds of the client are used.
    """
    if window.status == "rejected":
        return ()
    used = window.utilisation
    if window.surpassed is not None:
        return (f"more than {window.surpassed:.0%} of {window.name} is used",)
    if window.status == "allowed_warning" or (used is not None and used >= _NEARLY_ALL):
        return (f"{window.name} is nearly used up",)
    passed = _passed(window, now)
    if used is None or passed is None:
        return ()
    return tuple(
        f"{used:.0%} of {window.name} is used before {before:.0%} of the time has passed"
        for threshold, before in _TOO_FAST.get(window.name, ())
        if used >= threshold and passed < before
    )[:1]


def _passed(window: Window, now: float) -> float | None:
    length_s = LENGTH_S.get(window.name)
    if length_s is None or window.resets_at is None:
        return None
    return min(max(1 - (window.resets_at - now) / length_s, 0.0), 1.0)


def _subscription(ours: Mapping[str, str], now: float) -> Iterator[Window]:
    matches = (_UTILISATION.fullmatch(name) or _STATUS.fullmatch(name) for name in ours)
    for name in sorted({match[1] for match in matches if match}):
        prefix = f"{UNIFIED}{name}-"
        yield Window(
            name=name.replace("7d-", "7d_"),
            utilisation=_fraction(ours.get(f"{prefix}utilization", "")),
            resets_at=moment(ours.get(f"{prefix}reset", ""), now),
            status=ours.get(f"{prefix}status", "").lower()[:40],
            surpassed=_fraction(ours.get(f"{prefix}surpassed-threshold", "")),
        )


def _api_key(ours: Mapping[str, str], now: float) -> Iterator[Window]:
    if not any(name.endswith("-limit") for name in ours):
        return
    for prefix in _API_PREFIXES:
        for name in _API_BUCKETS:
            limit = _fraction(ours.get(f"{prefix}{name}-limit", ""))
            remaining = _fraction(ours.get(f"{prefix}{name}-remaining", ""))
            if limit and remaining is not None:
                # What remains is rounded to thousands, and so may pass a small limit.
                used = max(1 - remaining / limit, 0.0)
                yield Window(name, used, moment(ours.get(f"{prefix}{name}-reset", ""), now))


def _fraction(value: str) -> float | None:
    return float(value) if _FRACTION.fullmatch(value) else None
