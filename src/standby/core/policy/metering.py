"""How the quota went, and how it would have gone had other requests been asked of the cloud.

To what was used is added what would have been asked besides, and taken away what would not, each
by its list price: a dollar is taken to have used the same share of a window throughout. So a policy
that changes nothing gives the past as it was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
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
_NEARLY_SPENT: Final = 0.85
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
    """As it would have gone; before the first request that is replayed, as it went."""
    full: set[float] = field(default_factory=set)
    """The resets of those that would have been used up when something was asked of them."""
    _resets: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._resets = [course.resets_at for course in self.was]

    def _course(self, at: float) -> Course | None:
        place = bisect_right(self._resets, at)
        if place == len(self.was) or self.was[place].resets_at - LENGTH_S[self.name] > at:
            return None
        return self.was[place]

    def used(self, at: float) -> tuple[float, float] | None:
        """Return the share that was used at a moment and that would have been."""
        course = self._course(at)
        if course is None:
            return None
        was = course.at(at - (course.resets_at - LENGTH_S[self.name]))
        return was, max(was + self.moved.get(course.resets_at, 0.0), 0.0)

    def refuses(self, at: float) -> bool:
        """Whether the window would have been used up at a moment; note it if so."""
        course, used = self._course(at), self.used(at)
        if course is None or used is None or used[1] < FULL:
            return False
        self.full.add(course.resets_at)
        return True

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
                would = max(would, 1.0) if course.resets_at in self.full else would
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
    begins = past.rows[0].entry.at if past.rows else 0.0
    for (account, name), seen_of in sorted(by_window.items()):
        went = _went(account, name, seen_of, past.rows)
        earlier = tuple(course for course in went if course.resets_at <= begins)
        rate = _rate(went, LENGTH_S[name], account, past.rows, prices)
        meters[account] = (*meters.get(account, ()), Meter(name, went, rate, would=earlier))
    return meters


def _went(
    account: str, name: str, seen_of: Sequence[Seen], rows: Iterable[Row]
) -> tuple[Course, ...]:
    """Return how the windows of a name went.

    What the cloud said last before it refused may not have been kept: one a minute is. So a window
    of which little was left when a request was answered here instead counts as used up from then.
    """
    length_s = LENGTH_S[name]
    moments = [(one.at, one.used, one.resets_at) for one in seen_of]
    known = courses(moments, length_s, most=len(moments))
    refused = [row.entry.at for row in rows if row.entry.saved and row.entry.account == account]
    spent = [
        (at, 1.0, course.resets_at)
        for course in known
        for at in refused
        if 0 <= (passed_s := at - (course.resets_at - length_s)) < length_s
        and course.at(passed_s) >= _NEARLY_SPENT
    ]
    if not spent:
        return known
    return courses(
        sorted([*moments, *spent], key=itemgetter(0)), length_s, most=len(moments) + len(spent)
    )


def _rate(
    went: Sequence[Course], length_s: float, account: str, rows: Iterable[Row], prices: Prices
) -> float:
    """Return what share of a window a dollar uses, out of all that was used and spent."""
    spent = sorted(
        (row.entry.at, prices.cost(row.entry.requested, row.entry.tokens) or 0.0)
        for row in rows
        if row.entry.account == account and row.entry.by in BY_CLOUD
    )
    moments = [at for at, _ in spent]
    until = [0.0, *accumulate(cost for _, cost in spent)]
    used = dollars = 0.0
    for course in went:
        first, end = (
            bisect_left(moments, at) for at in (course.resets_at - length_s, course.resets_at)
        )
        inside = until[end] - until[first]
        if inside and course.used:
            used += course.used[-1]
            dollars += inside
    return used / dollars if dollars else 0.0
