"""A ledger that keeps nothing, for those who switched it off."""

from collections.abc import Iterable

from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry

__all__ = ["NoLedger"]


class NoLedger:
    """Takes entries and forgets them."""

    @property
    def degraded(self) -> str | None:
        """Nothing is wrong with it."""
        return None

    def book(self, entry: Entry) -> None:
        """Forget the entry."""

    def saw(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Forget what was seen."""

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return nothing."""
        return ()
