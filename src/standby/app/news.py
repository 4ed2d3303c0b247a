"""That something has happened, for whoever watches: not what. They look for themselves."""

import asyncio
from contextlib import suppress

__all__ = ["News"]


class News:
    """Counts what happens, and wakes all who wait for more."""

    def __init__(self) -> None:
        self._count = 0
        self._more = asyncio.Event()

    @property
    def count(self) -> int:
        """How often something has happened: take it before you look, and wait for more after."""
        return self._count

    def tell(self) -> None:
        """Say that something has happened; never wait, never fail."""
        self._count += 1
        self._more.set()
        self._more = asyncio.Event()

    async def wait(self, seen: int, within_s: float) -> None:
        """Return once more has happened than was ``seen``, or after a while."""
        if self._count != seen:
            return
        more = self._more
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await more.wait()
