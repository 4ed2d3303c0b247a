"""When a window will run out at this pace, or that it lasts until its reset; with an honest range.

The future is drawn from the past: every quarter of an hour of what was seen of a window is taken
as a possible beginning, and what was used after it as a possible future. Moments of about the same
time of day, the same kind of day and about the same pace count more. So nights and weekends are
known without a calendar, and bursts without a model of bursts. A window that was seen for a short
while only has few such futures; then paces up to several times as fast and as slow count as well,
and the range is wide. For people to see: no decision about a request rests on it.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from standby.core.quota.windows import LENGTH_S, Window

__all__ = ["COVERAGE", "Forecast", "Sample", "forecast"]

COVERAGE: Final = 0.8
"""In how many cases the range holds the moment; in half of the others it comes before."""

_DAY_S: Final = 86_400.0
_WEEK_S: Final = 7 * _DAY_S
_STEP_S: Final = 900.0
_MOST_FUTURES: Final = 400
# Without a reset nothing beyond this is foretold.
_HORIZON_S: Final = 30 * _DAY_S
_FULL: Final = 0.995
# "Now" is a tenth of the window, but not less than a burst and its pause, and no more than a day's
# work.
_PACE_SHARE: Final = 0.1
_SHORTEST_PACE_S: Final = 1800.0
_LONGEST_PACE_S: Final = 43_200.0
# Moments of the day that are alike, as a standard deviation.
_ALIKE_S: Final = 5400.0
# By what factors a pace may change, with weights; chosen on the patterns of `bench/forecast.py`.
_SPREAD: Final = ((0.1, 0.1), (0.35, 0.15), (0.7, 0.2), (1.0, 0.2), (1.4, 0.2), (2.5, 0.15))
# What no past takes away.
_LEAST_DOUBT: Final = 0.2

_Future = tuple[float, float]
"""After how many seconds the window is used up, and how much that counts."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the cloud said of a window at one moment."""

    at: float
    """Seconds since the epoch."""
    used: float
    """The share used; may pass 1."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will become of a window at this pace. All moments are in seconds since the epoch.

    Neither ``lasts`` nor ``runs_out_at``: nothing can be said.
    """

    used: float | None
    """The share used now; ``None``: the cloud has not said."""
    left: float | None
    """The share left; never below 0."""
    rate_per_s: float
    """The share used up each second at the pace of late."""
    runs_out_at: float | None
    """Before and after this are as likely. ``None``: it rather lasts until the reset."""
    earliest: float | None
    """It runs out before this in one case of ten. ``None``: in nine of ten it lasts."""
    latest: float | None
    """It runs out after this in one case of ten. ``None``: it may well last."""
    lasts: bool
    """It rather lasts until the reset than not."""


def forecast(samples: Iterable[Sample], window: Window, now: float) -> Forecast:
    """Return what will become of a window, from what was seen of it.

    ``samples`` may come in any order, and go back over earlier resets, the longer the better; those
    of the future (the clock was set back) are left out. The work is bounded by their number.
    """
    seen = _sorted(samples, now)
    used = _used_now(seen, window, now)
    if used is None:
        return Forecast(None, None, 0.0, None, None, None, lasts=False)
    past = _past(seen, now)
    pace_s = _pace_s(window)
    rate = past.used_since(now - pace_s) / pace_s
    left = max(0.0, 1.0 - used)
    if used >= _FULL or window.status == "rejected":
        return Forecast(used, left, rate, now, now, now, lasts=False)
    resets_at = window.resets_at if window.resets_at and window.resets_at > now else None
    until_s = resets_at - now if resets_at is not None else _HORIZON_S
    case = _Case(past, now, used, left, LENGTH_S.get(window.name), resets_at, pace_s)
    early, middle, late = (
        now + after_s if after_s < until_s else None for after_s in _quantiles(_futures(case))
    )
    lasts = middle is None and resets_at is not None
    return Forecast(used, left, rate, middle, early, late, lasts=lasts)


@dataclass(frozen=True, slots=True)
class _Past:
    """What was used in all since it was first seen, moment by moment."""

    times: tuple[float, ...]
    totals: tuple[float, ...]

    @property
    def length_s(self) -> float:
        return self.times[-1] - self.times[0]

    def total_at(self, at: float) -> float:
        """Return the total at a moment, as if between two samples all was used evenly."""
        if at <= self.times[0]:
            return self.totals[0]
        i = bisect_right(self.times, at)
        if i == len(self.times):
            return self.totals[-1]
        before, after = self.times[i - 1], self.times[i]
        share = (at - before) / (after - before)
        return self.totals[i - 1] + share * (self.totals[i] - self.totals[i - 1])

    def used_since(self, at: float) -> float:
        return self.totals[-1] - self.total_at(at)

    def reached_at(self, total: float) -> float:
        """Return when the total was reached; it must have been."""
        i = bisect_left(self.totals, total)
        if i == 0:
            return self.times[0]
        below, above = self.totals[i - 1], self.totals[i]
        share = (total - below) / (above - below) if above > below else 1.0
        return self.times[i - 1] + share * (self.times[i] - self.times[i - 1])


def _sorted(samples: Iterable[Sample], now: float) -> tuple[Sample, ...]:
    sound = (s for s in samples if math.isfinite(s.at) and math.isfinite(s.used))
    by_time = {s.at: s for s in sound if s.at <= now and s.used >= 0}
    return tuple(by_time[at] for at in sorted(by_time))


def _used_now(seen: Sequence[Sample], window: Window, now: float) -> float | None:
    if window.resets_at is not None and window.resets_at <= now:
        return 0.0 if window.utilisation is not None or seen else None
    if window.utilisation is not None:
        return window.utilisation
    return seen[-1].used if seen else None


def _pace_s(window: Window) -> float:
    length_s = LENGTH_S.get(window.name, 0.0)
    return min(max(length_s * _PACE_SHARE, _SHORTEST_PACE_S), _LONGEST_PACE_S)


def _past(seen: Sequence[Sample], now: float) -> _Past:
    """Add up what was used between samples; where a share fell, a reset came in between.

    While a window is full nobody knows what would have been used: then the pace of the same window
    up to there is taken to have gone on.
    """
    if not seen:
        return _Past((now - _STEP_S, now), (0.0, 0.0))
    times, totals = [seen[0].at], [0.0]
    begun_at, begun_total = seen[0].at, 0.0
    for before, after in zip(seen, (*seen[1:], Sample(now, seen[-1].used)), strict=True):
        if after.at <= before.at:
            continue
        used = after.used - before.used
        has_reset = used < 0
        if has_reset:
            used = after.used
        if before.used >= _FULL and before.at > begun_at:
            pace = (totals[-1] - begun_total) / (before.at - begun_at)
            used = max(used, pace * (after.at - before.at))
        if has_reset:
            begun_at, begun_total = after.at, totals[-1] + used
        times.append(after.at)
        totals.append(totals[-1] + used)
    if len(times) == 1:
        return _Past((now - _STEP_S, now), (0.0, 0.0))
    return _Past(tuple(times), tuple(totals))


@dataclass(frozen=True, slots=True)
class _Case:
    """What is to be foretold: how long the rest of a window lasts from now on."""

    past: _Past
    now: float
    used: float
    left: float
    length_s: float | None
    """How long the window is, where that is known."""
    resets_at: float | None
    """The next reset; ``None``: not known, or past."""
    pace_s: float

    @property
    def trust(self) -> float:
        """How much earlier moments count against mere paces: more with each window seen."""
        known = self.past.length_s / max(_DAY_S, self.length_s or 0.0)
        return (1.0 - _LEAST_DOUBT) * known**2 / (1.0 + known**2)

    def pace_at(self, at: float) -> float:
        """Return the pace at a moment, looking back as far as ``pace_s``."""
        past = self.past
        return (past.total_at(at) - past.total_at(at - self.pace_s)) / self.pace_s


def _futures(case: _Case) -> list[_Future]:
    """Return how long what is left may last, in seconds, with weights: the shortest first."""
    trust = case.trust
    paces, repeats = _normed(_paces(case)), _normed(_repeats(case))
    mixed = [(after_s, (1.0 - trust) * weight) for after_s, weight in paces]
    return sorted([*mixed, *((after_s, trust * weight) for after_s, weight in repeats)])


def _normed(futures: Iterable[_Future]) -> list[_Future]:
    found = list(futures)
    total = sum(weight for _, weight in found)
    return [(after_s, weight / total) for after_s, weight in found] if total > 0 else []


def _paces(case: _Case) -> Iterator[_Future]:
    """Yield what follows if a pace of late goes on, or one several times as fast or slow."""
    past = case.past
    spans = [s for s in (case.pace_s, 3 * case.pace_s) if s <= past.length_s] or [past.length_s]
    rates = [past.used_since(case.now - span_s) / span_s for span_s in spans]
    if case.length_s is not None and case.resets_at is not None:
        # Before it was first seen here, too, a window had been empty at its beginning.
        passed_s = case.length_s - (case.resets_at - case.now)
        if passed_s > _STEP_S:
            rates.append(case.used / passed_s)
    for rate in rates:
        for factor, weight in _SPREAD:
            pace = rate * factor
            yield (case.left / pace if pace > 0 else math.inf), weight


def _repeats(case: _Case) -> Iterator[_Future]:
    """Yield what followed earlier moments, weighed by their likeness to this one."""
    past, now = case.past, case.now
    step_s = max(_STEP_S, past.length_s / _MOST_FUTURES)
    pace = case.pace_at(now)
    for i in range(1, int((past.length_s - case.pace_s) / step_s) + 1):
        at = now - i * step_s
        likeness = _same_hour(now - at, past.length_s) * _same_pace(
            pace, case.pace_at(at), case.pace_s
        )
        yield _lasted(case, at), likeness


def _same_hour(ago_s: float, known_s: float) -> float:
    """Return how alike two moments are by the time of day, and by the day of the week."""
    weight = 1.0
    if known_s > _DAY_S:
        weight = math.exp(-0.5 * (_apart(ago_s, _DAY_S) / _ALIKE_S) ** 2)
    if known_s > _WEEK_S:
        weight *= math.exp(-0.5 * (_apart(ago_s, _WEEK_S) / _DAY_S) ** 2) + 0.1
    return weight + 0.001  # something is better than nothing


def _apart(ago_s: float, cycle_s: float) -> float:
    return abs((ago_s + cycle_s / 2) % cycle_s - cycle_s / 2)


def _same_pace(pace: float, then: float, pace_s: float) -> float:
    least = 0.01 / pace_s  # the cloud tells whole hundredths
    return math.exp(-0.5 * math.log((then + least) / (pace + least)) ** 2) + 0.01


def _lasted(case: _Case, at: float) -> float:
    """Return how long it took from an earlier moment to use as much as is left now.

    Where the past ends before that, its last week goes on, else its last day, else all of it.
    """
    past, now = case.past, case.now
    target = past.total_at(at) + case.left
    if target <= past.totals[-1]:
        return past.reached_at(target) - at
    cycle_s = next((s for s in (_WEEK_S, _DAY_S) if past.length_s >= s), past.length_s)
    begin = past.total_at(now - cycle_s)
    cycle = past.totals[-1] - begin
    if cycle <= 0:
        return math.inf
    turns, rest = divmod(target - past.totals[-1], cycle)
    into_s = past.reached_at(begin + rest) - (now - cycle_s)
    return now - at + turns * cycle_s + max(0.0, into_s)


def _quantiles(futures: Sequence[_Future]) -> tuple[float, float, float]:
    """Return after what time it has run out in one case of ten, in half of them, in nine."""
    reached = [*accumulate(weight for _, weight in futures)]
    early, middle, late = (
        futures[min(bisect_left(reached, share * reached[-1]), len(futures) - 1)][0]
        for share in ((1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2)
    )
    return early, middle, late
