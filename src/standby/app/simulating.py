"""What another policy would have done with what the ledger has kept."""

from collections.abc import Callable, Iterable
from typing import Final

from standby.core.models.facts import LocalModel
from standby.core.policy.metering import Past, Row
from standby.core.policy.replay import Replayed, Wanted, replayed
from standby.core.policy.verdicts import Rule
from standby.core.usage.prices import Prices
from standby.ports import History

__all__ = ["MOST_ROWS", "TooManyError", "simulated"]

MOST_ROWS: Final = 300_000
"""More requests than these are not replayed at once: they would fill a gigabyte of memory."""
_AT_ONCE: Final = 2000
# Windows before the first request say how windows used to go.
_EARLIER_S: Final = 14 * 86_400.0


class TooManyError(Exception):
    """There are more requests than can be replayed at once; its message says what to do."""


async def simulated(
    history: History,
    wanted: Wanted,
    rules: Iterable[Rule],
    prices: Prices,
    since: float,
    told: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Return what would have changed since a moment. ``told`` hears how many requests were read.

    Raise :class:`RecordsError` and :class:`TooManyError`.
    """
    rows: list[Row] = []
    last = 0
    while found := await history.rows(since, last, _AT_ONCE):
        rows += [row for _, row in found]
        last = found[-1][0]
        if len(rows) > MOST_ROWS:
            raise TooManyError(
                f"there are more than {MOST_ROWS} requests since then: choose a later --since"
            )
        told(len(rows))
    rows.sort(key=lambda row: row.entry.at)
    seen = await history.windows(since - _EARLIER_S)
    return replayed(Past(rows, seen), wanted, rules, prices, _answered_here(rows))


def _answered_here(rows: Iterable[Row]) -> LocalModel | None:
    """Return the local model that answered last; nothing but its name is known of it."""
    name = ""
    for row in rows:
        if row.entry.by in {"local", "both"}:
            name = row.entry.answered or name
    engine, _, model = name.partition("/")
    return LocalModel(engine, model, "") if model else None
