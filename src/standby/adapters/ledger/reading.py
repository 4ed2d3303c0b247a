"""The ledger as the application reads it: each look in a thread of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from standby.adapters.ledger.looking import Looks
from standby.core.quota.forecast import Sample
from standby.core.request import Account
from standby.core.usage import Entry
from standby.core.usage.sums import Grouping, Line, Standing

__all__ = ["SqliteRecords"]


class SqliteRecords:
    """Implements the port ``Records``."""

    def __init__(self, path: Path) -> None:
        self._looks = Looks(path)

    async def lines(self, since: float, until: float, by: Grouping) -> tuple[Line, ...]:
        """Return what was used in the hours that begin in between."""
        return await asyncio.to_thread(self._looks.lines, since, until, by)

    async def entries(
        self, limit: int, *, session: str = "", after: int = 0
    ) -> tuple[tuple[int, Entry], ...]:
        """Return the newest entries with their numbers, newest first."""
        return await asyncio.to_thread(self._looks.entries, limit, session=session, after=after)

    async def ends(self, sessions: Sequence[str]) -> Mapping[str, Entry]:
        """Return the newest entry of each of some conversations, as far as there is one."""
        return await asyncio.to_thread(self._looks.ends, sessions)

    async def switches(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest requests that were answered by another side than the one before."""
        return await asyncio.to_thread(self._looks.switches, limit)

    async def sides(self) -> tuple[Standing, ...]:
        """Return who answers for each account and model, and since when."""
        return await asyncio.to_thread(self._looks.sides)

    async def samples(self, account: Account, since: float) -> Mapping[str, tuple[Sample, ...]]:
        """Return what was seen of each window of an account, in order of time."""
        return await asyncio.to_thread(self._looks.samples, account, since)
