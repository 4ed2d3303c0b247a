"""How the quota went, and how it would have gone had other requests been asked of the cloud.

To what was used is added what would have been asked besides, and taken away what would not, each
by its list price: a dollar is taken to have used the same share of a window throughout. So a policy
that changes nothing gives the past as it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.policy.habits import Course, courses, gone_on
from standby.core.quota.windows import LENGTH_S, Window
from standby.core.usage import Entry, Tokens
from standby.core.usage.prices import Prices
from standby.core.wire.json import JSON

__all__ = [
    "BY_CLOUD",
    "FULL",
    "Ends",
    "Meter",
    "Past",
    "Row",
    "Seen",
    "meters_of",
    "usual_cost",
    "weight",
]

BY_CLOUD: Final = frozenset({"cloud"})
FULL: Final = 0.995
"""From this share on a window is used up."""
# What an answer costs against its question, where the price of a model is not known.
_OUTPUT_WEIGHT: Final = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One request of the past."""

    entry: Entry
    said: Mapping[str, JSON] | None = None
    """What was kept of its decision; ``None``: nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cloud said of one window at one moment."""

    account: str
    name: str
    at: float
    used: float
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class Past:
    """What is replayed: both in order of time. ``seen`` may begin earlier than ``rows``."""

    rows: Sequence[Row]
    seen: Sequence[Seen]


@dataclass(frozen=True, slots=True)
class Ends:
    """The end of one window."""

    account: str
    name: str
    resets_at: float
    was: float
    """The share that was used, as the cloud said last."""
    would: float
    """The share that would have been used."""

    @property
    def ran_out(self) -> tuple[bool, bool]:
        """Whether it was used up then, and would have been."""
        return self.was >= FULL, self.would >= FULL


@dataclass(slots=True)
class Meter:
    """One window of an account, as it went and as it would have gone."""

    name: str
    was: tuple[Course, ...]
    rate: float
    """The share that is used for each dollar."""
    moved: dict[float, float] = field(default_factory=dict)
    """By reset: the share that would have been used besides; below 0, less."""
    would: tuple[Course, ...] = ()

    def _course(self, at: float) -> Course | None:
        length_s = LENGTH_S[self.name]
        running = (one for one in self.was if one.resets_at - length_s <= at < one.resets_at)
        return next(running, None)

    def used(self, at: float) -> tuple[float, float] | None:
        """Return the share that was used at a moment and that would have been."""
        course = self._course(at)
        if course is None:
            return None
        was = course.at(at - (course.resets_at - LENGTH_S[self.name]))
        return was, max(was + self.moved.get(course.resets_at, 0.0), 0.0)

    def move(self, at: float, dollars: float) -> None:
        """Note that so much more would have been asked of the cloud; below 0, less."""
        course = self._course(at)
        if course is not None:
            before = self.moved.get(course.resets_at, 0.0)
            self.moved[course.resets_at] = before + dollars * self.rate

    def window(self, at: float) -> Window | None:
        """Return the window as the cloud would have told it, and remember how it went."""
        course, used = self._course(at), self.used(at)
        if course is None or used is None:
            return None
        share = round(min(used[1], 1.0), 2)
        self.would = gone_on(self.would, at, share, course.resets_at, LENGTH_S[self.name])
        return Window(self.name, share, course.resets_at)

    def ends(self, account: str, since: float) -> Iterable[Ends]:
        """Yield how each window that ended after a moment would have ended."""
        for course in self.was:
            if course.resets_at > since and course.used:
                was = course.used[-1]
                would = max(was + self.moved.get(course.resets_at, 0.0), 0.0)
                yield Ends(account, self.name, course.resets_at, was, would)


def weight(tokens: Tokens) -> float:
    """Return how much tokens come to, whoever has counted them: a local server knows no cache."""
    taken = tokens.input + tokens.cache_read + tokens.cache_write
    return taken + _OUTPUT_WEIGHT * tokens.output


def usual_cost(rows: Iterable[Row], prices: Prices) -> float:
    """Return what a token of the cloud's has cost on average, in dollars, cached ones included."""
    weights = dollars = 0.0
    for row in rows:
        cost = prices.cost(row.entry.requested, row.entry.tokens)
        if row.entry.by in BY_CLOUD and cost is not None:
            weights += weight(row.entry.tokens)
            dollars += cost
    return dollars / weights if weights else 0.0


def meters_of(past: Past, prices: Prices) -> dict[str, tuple[Meter, ...]]:
    """Return the windows of each account, with what a dollar uses of them."""
    by_window: dict[tuple[str, str], list[Seen]] = {}
    for seen in past.seen:
        if seen.name in LENGTH_S:
            by_window.setdefault((seen.account, seen.name), []).append(seen)
    meters: dict[str, tuple[Meter, ...]] = {}
    for (account, name), seen_of in sorted(by_window.items()):
        went = courses(((s.at, s.used, s.resets_at) for s in seen_of), LENGTH_S[name])
        rate = _rate(went, LENGTH_S[name], account, past.rows, prices)
        meters[account] = (*meters.get(account, ()), Meter(name, went, rate))
    return meters


def _rate(
    went: Sequence[Course], length_s: float, account: str, rows: Iterable[Row], prices: Prices
) -> float:
    """Return what share of a window a dollar uses, out of all that was used and spent."""
    used = dollars = 0.0
    spent = [
        (row.entry.at, prices.cost(row.entry.requested, row.entry.tokens) or 0.0)
        for row in rows
        if row.entry.account == account and row.entry.by in BY_CLOUD
    ]
    for course in went:
        begins = course.resets_at - length_s
        inside = sum(cost for at, cost in spent if begins <= at < course.resets_at)
        if inside and course.used:
            used += course.used[-1]
            dollars += inside
    return used / dollars if dollars else 0.0
