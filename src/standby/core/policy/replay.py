"""A past replayed under another policy: what would have gone elsewhere, and what would be left.

The rules are the real ones, and so is the pace; what they are given is what the ledger has kept.
The quota is reckoned from what the cloud said of its windows (``metering``). What cannot be known:
what a request would have asked for had another model answered before it, and how the engine was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from standby.core.models.facts import LocalModel
from standby.core.policy.decide import decide
from standby.core.policy.habits import LEARNT
from standby.core.policy.metering import (
    BY_CLOUD,
    Ends,
    Past,
    Row,
    meters_of,
    usual_cost,
    weight,
)
from standby.core.policy.modes import Mode
from standby.core.policy.pace import EASY, Level, Pace, paced
from standby.core.policy.privacy import Border, borders_of
from standby.core.policy.remembered import Remembered, remembered
from standby.core.policy.thread import CLOUD, CONVERSATION, NEW, Thread, continued
from standby.core.policy.verdicts import Candidate, Facts, Rule
from standby.core.quota.machine import Admission
from standby.core.usage import Entry
from standby.core.usage.prices import Prices
from standby.core.wire.json import JSON
from standby.core.wire.purpose import Purpose

__all__ = ["Replayed", "Side", "Wanted", "replayed", "told"]

VERSION: Final = 1
"""Of the shape of the JSON: a field may be added, none is taken away or changes its meaning."""
# Refused below this, it was not for the quota's sake.
_NEARLY: Final = 0.97
_BY_LOCAL: Final = frozenset({"local", "both"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The policy to replay it under."""

    mode: Mode
    borders: tuple[Border, ...] = ()
    at_once: bool = False
    """As ``[policy] returns = "at-once"``."""


@dataclass(slots=True)
class Side:
    """What a policy came to."""

    cloud: int = 0
    local: int = 0
    nobody: int = 0
    """Requests that the policy lets nobody answer."""
    high_local: int = 0
    """Turns that are known to be of high value and were answered here."""
    switches: int = 0
    """How often a conversation changed sides."""
    cost_usd: float = 0.0
    """Of the cloud's answers, at list prices."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would have changed."""

    requests: int
    """All that were replayed."""
    whole: int
    """Those of which it is known what they were for and what kind of work they were."""
    left_out: int
    """Those that nobody answered, or the gateway itself."""
    was: Side
    would: Side
    windows: tuple[Ends, ...]
    unpriced: tuple[str, ...]
    """Models without a list price."""


class _Replay:
    """The past, request by request."""

    def __init__(
        self, past: Past, wanted: Wanted, rules: Iterable[Rule], prices: Prices, local: LocalModel
    ) -> None:
        self._wanted = wanted
        self._rules = tuple(rules)
        self._prices = prices
        self._candidates = (
            Candidate(CLOUD, is_cloud=True),
            # How fast it would have been nobody knows: it is taken to have been in time.
            Candidate(local.key, is_cloud=False, model=local, wait_s=0.0),
        )
        self._local = local
        self._usual = usual_cost(past.rows, prices)
        self._meters = meters_of(past, prices)
        self._threads: dict[str, tuple[Thread, Thread]] = {}
        self._levels: dict[str, Level] = {}
        self.was, self.would = Side(), Side()
        self.whole = 0
        self.unpriced: set[str] = set()

    def take(self, row: Row) -> None:
        """Replay one request."""
        entry, known = row.entry, remembered(row.entry, row.said)
        self.whole += known.whole
        then, now = self._threads.get(entry.session, (NEW, NEW))
        by_then = CLOUD if entry.by in BY_CLOUD else self._local.key
        by_now = self._decided(entry, known, now)
        dollars = self._dollars(entry)
        moves = (by_now == CLOUD) - (by_then == CLOUD)
        for meter in self._meters.get(entry.account, ()):
            meter.move(entry.at, moves * dollars)
        _count(self.was, by_then, then, known, dollars)
        _count(self.would, by_now, now, known, dollars)
        if entry.session and known.purpose in CONVERSATION:
            tokens = known.features.tokens
            little = known.features.workload.little if known.purpose is Purpose.WORK else None
            self._threads[entry.session] = (
                continued(then, by_then, entry.at, tokens, little),
                continued(now, by_now, entry.at, tokens, little) if by_now else now,
            )

    def windows(self, since: float) -> tuple[Ends, ...]:
        """Return how each window ended, the oldest first."""
        found = [
            end
            for account, meters in self._meters.items()
            for meter in meters
            for end in meter.ends(account, since)
        ]
        return tuple(sorted(found, key=lambda one: (one.resets_at, one.name, one.account)))

    def _decided(self, entry: Entry, known: Remembered, thread: Thread) -> str:
        """Return who would have answered; empty: nobody."""
        admission = self._admission(entry)
        mode = self._wanted.mode
        conversation = known.purpose in CONVERSATION
        facts = Facts(
            model=entry.requested,
            purpose=known.purpose,
            admission=admission,
            why="the quota is used up" if admission is Admission.STAY else "",
            trusted=True,
            credential=True,
            mode=mode,
            now=entry.at,
            thread=NEW if not conversation or self._away(thread) else thread,
            features=known.features,
            pace=self._pace(entry) if mode is Mode.SPARE else EASY,
            borders=borders_of(self._wanted.borders, entry.project, (), b""),
        )
        order = decide(facts, self._candidates, self._rules).order
        return order[0] if order else ""

    def _away(self, thread: Thread) -> bool:
        return self._wanted.at_once and thread.is_local

    def _admission(self, entry: Entry) -> Admission:
        meters = self._meters.get(entry.account, ())
        if [one for one in meters if one.refuses(entry.at)]:  # each notes it
            return Admission.STAY
        used = [meter.used(entry.at) for meter in meters]
        for_quota = any(shares is not None and shares[0] >= _NEARLY for shares in used)
        return Admission.STAY if entry.saved and not for_quota else Admission.GO

    def _pace(self, entry: Entry) -> Pace:
        meters = self._meters.get(entry.account, ())
        windows = [one for meter in meters if (one := meter.window(entry.at)) is not None]
        habits = {meter.name: meter.would for meter in meters if meter.name in LEARNT}
        pace = paced(self._levels.get(entry.account, 0), windows, entry.at, habits=habits)
        self._levels[entry.account] = pace.level
        return pace

    def _dollars(self, entry: Entry) -> float:
        """Return what an answer of the cloud costs, or would have cost."""
        cost = self._prices.cost(entry.requested, entry.tokens)
        if cost is None:
            self.unpriced.add(entry.requested)
        if entry.by in BY_CLOUD:
            return cost or 0.0
        return weight(entry.tokens) * self._usual


def replayed(
    past: Past,
    wanted: Wanted,
    rules: Iterable[Rule],
    prices: Prices,
    local: LocalModel | None = None,
) -> Replayed:
    """Return what would have changed had another policy decided. ``local``: who would answer here.

    Requests that nobody answered are left out: what they would have come to cannot be known.
    """
    run = _Replay(past, wanted, rules, prices, local or LocalModel("local", "model", ""))
    answered = [row for row in past.rows if row.entry.by in BY_CLOUD | _BY_LOCAL]
    for row in answered:
        run.take(row)
    since = answered[0].entry.at if answered else 0.0
    return Replayed(
        len(answered),
        run.whole,
        len(past.rows) - len(answered),
        run.was,
        run.would,
        run.windows(since) if answered else (),
        tuple(sorted(run.unpriced)),
    )


def told(result: Replayed) -> dict[str, JSON]:
    """Return the result as JSON. Shares are from 0 to 1, moments seconds since the epoch."""
    return {
        "version": VERSION,
        "requests": result.requests,
        "with_facts": result.whole,
        "left_out": result.left_out,
        "was": _side(result.was),
        "would": _side(result.would),
        "windows": [
            {
                "account": end.account[:8],
                "name": end.name,
                "resets_at": end.resets_at,
                "used_was": round(end.was, 4),
                "used_would": round(end.would, 4),
                "ran_out_was": end.ran_out[0],
                "ran_out_would": end.ran_out[1],
            }
            for end in result.windows
        ],
        "unpriced": [*result.unpriced],
    }


def _side(side: Side) -> dict[str, JSON]:
    return {
        "cloud": side.cloud,
        "local": side.local,
        "nobody": side.nobody,
        "high_local": side.high_local,
        "switches": side.switches,
        "cloud_cost_usd": round(side.cost_usd, 6),
    }


def _count(side: Side, by: str, thread: Thread, known: Remembered, dollars: float) -> None:
    served = by == CLOUD
    side.cloud += served
    side.nobody += not by
    side.local += bool(by) and not served
    side.cost_usd += dollars if served else 0.0
    turn = known.purpose is Purpose.WORK and known.whole and not known.features.in_loop
    side.high_local += turn and not served and known.features.workload.is_known_high
    changes = bool(thread.by) and (thread.by == CLOUD) != served
    side.switches += changes and known.purpose is Purpose.WORK
