"""What is left, what was spent, who answered: the one use case below all faces.

Windows come out of memory, sums out of the ledger. Nothing is asked of the cloud.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from standby.core.quota.forecast import Sample, forecast
from standby.core.quota.state import AccountState
from standby.core.quota.windows import LENGTH_S, Window, warnings
from standby.core.request import SHOWN, Account
from standby.core.usage.prices import Prices
from standby.core.usage.report import (
    AccountUse,
    Group,
    Now,
    Report,
    WindowUse,
    report_json,
    totals,
)
from standby.core.usage.sums import Line, Standing, Sums, added
from standby.core.wire.json import JSON
from standby.ports import Clock, Records, RecordsError

__all__ = ["By", "Query", "QueryError", "Usage", "query_of"]

By = Literal["session", "project", "model", "day", "hour"]

_DAY_S: Final = 86_400.0
_HOUR_S: Final = 3600.0
_LATEST: Final = 1e11
_SETTLE_S: Final = 0.1
_WEEK_S: Final = 7 * _DAY_S
_PAST_S: Final = 28 * _DAY_S
"""How far back is looked for what will become of a window."""
_FORETOLD_S: Final = 30.0
_MOST_ACCOUNTS: Final = 8
_MOST_GROUPS: Final = 100
_MOST_SWITCHES: Final = 20


class QueryError(ValueError):
    """What was asked for cannot be told; the message says why, in words for a person."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for besides today and the week."""

    since: float | None = None
    """``None``: the last seven days."""
    by: By = "model"


def query_of(fields: Mapping[str, str]) -> Query:
    """Return the query of a request's fields, ``since`` in seconds and ``by``.

    Raise :class:`QueryError`.
    """
    match fields.get("by", "model"):
        case "session" | "project" | "model" | "day" | "hour" as by:
            pass
        case other:
            raise QueryError(f"by is session, project, model, day or hour, not {other!r}")
    try:
        since = float(fields["since"]) if "since" in fields else None
    except ValueError:
        since = math.nan
    if since is not None and not 0 <= since < _LATEST:
        raise QueryError("since is a moment in seconds since 1970")
    return Query(since, by)


class Usage:
    """Reports on usage."""

    def __init__(
        self,
        snapshot: Callable[[], Sequence[tuple[Account, AccountState]]],
        now_answering: Callable[[], Now],
        records: Records,
        clock: Clock,
        prices: Prices,
        energy_j: Callable[[], float | None] = lambda: None,
        settle: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """``snapshot``: all accounts, the one used last at the end. ``settle``: what was booked is
        written when it returns.
        """
        self._snapshot = snapshot
        self._now_answering = now_answering
        self._records = records
        self._clock = clock
        self._prices = prices
        self._energy_j = energy_j
        self._settle = settle
        self._foreseen: tuple[float, JSON] | None = None
        """When it was foretold, by the clock that never jumps, and what."""

    async def told(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Return the report as JSON. Raise :class:`QueryError`."""
        return report_json(await self.report(query_of(fields)))

    async def foreseen(self) -> JSON:
        """Return when each window of the account used last will run out, or that it lasts.

        For a status line: what was foretold counts for half a minute.
        """
        ticks = self._clock.ticks()
        if self._foreseen is None or not 0 <= ticks - self._foreseen[0] < _FORETOLD_S:
            self._foreseen = ticks, await self._foretold()
        return self._foreseen[1]

    async def _foretold(self) -> JSON:
        accounts, now = self._snapshot(), self._clock.now()
        if not accounts:
            return {}
        name, state = accounts[-1]
        try:
            seen = await self._records.samples(name, now - _PAST_S)
        except RecordsError:  # the report says it
            return {}
        return {
            window.name: {
                "runs_out_at": window.forecast.runs_out_at,
                "lasts": window.forecast.lasts,
            }
            for window in self._account(name, state, seen, now).windows
        }

    async def report(self, query: Query = Query()) -> Report:  # a frozen value
        """Return the report. What the ledger cannot tell is empty, and ``problem`` says why."""
        now = self._clock.now()
        since = now - _WEEK_S if query.since is None else query.since
        accounts = [*reversed(self._snapshot())][:_MOST_ACCOUNTS]
        try:
            return await self._whole(query.by, since, accounts, now)
        except RecordsError as error:
            bare = tuple(self._account(name, state, {}, now) for name, state in accounts)
            nothing = totals((), self._prices)
            return Report(
                now,
                self._now_answering(),
                bare,
                nothing,
                nothing,
                since,
                nothing,
                query.by,
                (),
                (),
                (),
                self._prices.dated,
                self._energy_j(),
                str(error),
            )

    async def _whole(
        self, by: By, since: float, accounts: Sequence[tuple[Account, AccountState]], now: float
    ) -> Report:
        records, clock = self._records, self._clock
        if self._settle is not None:
            # A writer that is busy, as with the check of a large file at its start, may be late.
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_S):
                    await self._settle()
        used = []
        for name, state in accounts:
            seen = await records.samples(name, now - _PAST_S)
            used.append(self._account(name, state, seen, now))
        ahead = now + _HOUR_S
        apart = await records.lines(since, ahead, by)
        # Of sessions only the newest are told.
        every = apart if by != "session" else await records.lines(since, ahead, "all")
        week = await records.lines(now - _WEEK_S, ahead, "hour")
        sides = await records.sides()
        return Report(
            at=now,
            now=_since(self._now_answering(), sides, accounts[0][0] if accounts else None),
            accounts=tuple(used),
            today=totals(_after(week, clock.midnight(now)), self._prices),
            week=totals(week, self._prices),
            since=since,
            chosen=totals(every, self._prices),
            by=by,
            groups=self._groups(by, apart),
            hours=_by_hour(week, now),
            switches=await records.switches(_MOST_SWITCHES),
            prices_dated=self._prices.dated,
            energy_j=self._energy_j(),
            problem="",
        )

    def _groups(self, by: By, lines: Iterable[Line]) -> tuple[Group, ...]:
        by_key: dict[str, list[Line]] = {}
        for line in lines:
            by_key.setdefault(line.key, []).append(line)

        def rank(key: str) -> tuple[float, str]:
            if by in {"day", "hour", "session"}:
                return max(line.last_at for line in by_key[key]), key
            return sum(line.sums.requests for line in by_key[key]), key

        return tuple(
            Group(
                key,
                max(line.last_at for line in by_key[key]),
                totals(by_key[key], self._prices),
            )
            for key in sorted(by_key, key=rank, reverse=True)[:_MOST_GROUPS]
        )

    def _account(
        self,
        name: Account,
        state: AccountState,
        seen: Mapping[str, tuple[Sample, ...]],
        now: float,
    ) -> AccountUse:
        windows = sorted(state.windows, key=lambda one: (LENGTH_S.get(one.name, 1e12), one.name))
        return AccountUse(
            name[:SHOWN],
            state.seen_at,
            tuple(self._window(window, seen.get(window.name, ()), now) for window in windows),
        )

    def _window(self, window: Window, samples: Sequence[Sample], now: float) -> WindowUse:
        said = forecast(samples, window, now)
        resets_at = window.resets_at if window.resets_at and window.resets_at > now else None
        return WindowUse(
            name=window.name,
            status=window.status if resets_at or window.resets_at is None else "",
            resets_at=resets_at,
            resets_in_s=None if resets_at is None else resets_at - now,
            resets_told="" if resets_at is None else self._clock.told(resets_at),
            forecast=said,
            runs_out_told="" if said.runs_out_at is None else self._clock.told(said.runs_out_at),
            warnings=warnings(window, now) if resets_at or window.resets_at is None else (),
            history=_this_time(samples, window, resets_at),
        )


def _this_time(
    samples: Sequence[Sample], window: Window, resets_at: float | None
) -> tuple[Sample, ...]:
    """Return what was seen since the last reset, where it is known when that was."""
    length_s = LENGTH_S.get(window.name)
    begun = resets_at - length_s if resets_at is not None and length_s is not None else 0.0
    return tuple(sample for sample in samples if sample.at >= begun)


def _since(now: Now, sides: Iterable[Standing], account: Account | None) -> Now:
    """Say since when that side answers, by the newest change of the account's models."""
    since = [one.since for one in sides if one.account == account and one.side == now.side]
    return Now(now.side, now.model, now.why, max(since, default=None), now.until, now.until_told)


def _after(lines: Iterable[Line], at: float) -> Iterator[Line]:
    return (line for line in lines if float(line.key) >= at)


def _by_hour(lines: Iterable[Line], now: float) -> tuple[tuple[float, Sums], ...]:
    begins = [(now // _HOUR_S - i) * _HOUR_S for i in reversed(range(24))]
    found: dict[float, list[Sums]] = {at: [] for at in begins}
    for line in lines:
        if (at := float(line.key)) in found:
            found[at].append(line.sums)
    return tuple((at, added(some)) for at, some in found.items())
