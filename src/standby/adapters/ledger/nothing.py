"""A ledger that keeps nothing, for those who switched it off."""

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

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return nothing."""
        return ()
