"""A ledger that keeps nothing, for those who switched it off."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from standby.core.policy.metering import Row, Seen
from standby.core.quota.forecast import Sample
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry
from standby.core.usage.deeds import Deed
from standby.core.usage.sums import Grouping, Line, Standing
from standby.core.wire.json import JSON
from standby.ports import RecordsError

__all__ = ["NoHistory", "NoLedger", "NoRecords"]


class NoLedger:
    """Takes entries and forgets them."""

    @property
    def degraded(self) -> str | None:
        """Nothing is wrong with it."""
        return None

    def keep(self, days: int) -> None:
        """Keep nothing, for however long."""

    def book(self, entry: Entry) -> None:
        """Forget the entry."""

    def decided(self, request: str, said: Mapping[str, JSON]) -> None:
        """Forget why."""

    def did(self, request: str, deeds: Sequence[Deed]) -> None:
        """Forget what it would change."""

    def saw(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Forget what was seen."""

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return nothing."""
        return ()


class NoRecords:
    """Says of everything that there is no ledger."""

    async def lines(self, since: float, until: float, by: Grouping) -> tuple[Line, ...]:
        """Raise :class:`RecordsError`."""
        _refuse()

    async def entries(
        self, limit: int, *, session: str = "", after: int = 0
    ) -> tuple[tuple[int, Entry], ...]:
        """Raise :class:`RecordsError`."""
        _refuse()

    async def ends(self, sessions: Sequence[str]) -> Mapping[str, Entry]:
        """Raise :class:`RecordsError`."""
        _refuse()

    async def switches(self, limit: int) -> tuple[Entry, ...]:
        """Raise :class:`RecordsError`."""
        _refuse()

    async def sides(self) -> tuple[Standing, ...]:
        """Raise :class:`RecordsError`."""
        _refuse()

    async def samples(self, account: Account, since: float) -> Mapping[str, tuple[Sample, ...]]:
        """Raise :class:`RecordsError`."""
        _refuse()


class NoHistory:
    """Says that there is no ledger to replay."""

    async def rows(self, since: float, after: int, limit: int) -> tuple[tuple[int, Row], ...]:
        """Raise :class:`RecordsError`."""
        _refuse()

    async def windows(self, since: float) -> tuple[Seen, ...]:
        """Raise :class:`RecordsError`."""
        _refuse()


def _refuse() -> NoReturn:
    raise RecordsError("the ledger is switched off ([ledger] enabled in the settings)")
