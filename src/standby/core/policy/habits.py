"""How the windows of an account used to go: from it follows what is still to come in one.

A window's course is what the cloud said of it, moment by moment. What was used after a moment in
earlier windows is what may be used after the same moment in this one: so those who work in bursts,
at night or all day are spared differently. It is of what the cloud was asked for only, and so
already holds what sparing saves.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["FEWEST", "KEPT", "LEARNT", "Course", "courses", "gone_on", "still_to_come"]

LEARNT: Final = frozenset({"5h"})
"""The windows that have habits: those of a week are too few to tell any of."""
FEWEST: Final = 4
"""Fewer windows than these say nothing."""
KEPT: Final = 30
"""Older windows than these are forgotten: habits change."""
# Resets that differ by less are one and the same.
_SAME_S: Final = 120.0
_MOST_MOMENTS: Final = 600


@dataclass(frozen=True, slots=True)
class Course:
    """How one window went, or goes."""

    resets_at: float
    """Its end, in seconds since the epoch."""
    passed_s: tuple[float, ...] = ()
    """The moments at which something was seen, in seconds from its beginning, in order."""
    used: tuple[float, ...] = ()
    """The share that was used at each of them; it never falls."""

    def at(self, passed_s: float) -> float:
        """Return the share that was used at a moment after its beginning."""
        place = bisect_right(self.passed_s, passed_s)
        return self.used[place - 1] if place else 0.0

    def after(self, passed_s: float) -> float:
        """Return the share that was used after a moment."""
        used = self.used
        if not used:
            return 0.0
        place = bisect_right(self.passed_s, passed_s)
        return used[-1] - used[place - 1] if place else used[-1]


def gone_on(
    known: Sequence[Course],
    at: float,
    used: float,
    resets_at: float,
    length_s: float,
    most: int = KEPT,
) -> tuple[Course, ...]:
    """Return the courses with one more moment of the newest of them, or of a new one.

    The work is little when nothing is news. A moment before the last one is left out: the clock was
    set back.
    """
    passed_s = min(max(at - (resets_at - length_s), 0.0), length_s)
    last = known[-1] if known else None
    if last is None or resets_at - last.resets_at > _SAME_S:
        return (*known, Course(resets_at, (passed_s,), (used,)))[-most:]
    if last.resets_at - resets_at > _SAME_S or not last.used:
        return tuple(known)
    if used <= last.used[-1] or passed_s < last.passed_s[-1] or len(last.used) >= _MOST_MOMENTS:
        return tuple(known)
    gone = Course(last.resets_at, (*last.passed_s, passed_s), (*last.used, used))
    return (*known[:-1], gone)


def courses(
    seen: Iterable[tuple[float, float, float | None]], length_s: float, most: int = KEPT
) -> tuple[Course, ...]:
    """Return the courses of what was seen: moments, shares used and resets, in order of time.

    ``most`` of them, the newest.
    """
    known: tuple[Course, ...] = ()
    for at, used, resets_at in seen:
        if resets_at is not None:
            known = gone_on(known, at, used, resets_at, length_s, most)
    return known


def still_to_come(
    known: Sequence[Course], resets_at: float, passed_s: float, shares: Sequence[float]
) -> tuple[float, ...] | None:
    """Return what is used after a moment of a window in so many of its like, as shares of it.

    ``shares`` say in how many of the earlier windows no more was used. ``None``: too few were seen.
    """
    ended = resets_at - _SAME_S
    earlier = sorted([course.after(passed_s) for course in known if course.resets_at < ended])
    if len(earlier) < FEWEST:
        return None
    return tuple(earlier[min(int(share * len(earlier)), len(earlier) - 1)] for share in shares)
