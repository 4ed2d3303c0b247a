"""Deadlines on every wait for a peer that sends piece by piece."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar

__all__ = ["SilenceError", "timed"]

T = TypeVar("T")


class SilenceError(Exception):
    """A peer said nothing for too long; its message says for how long."""


async def timed(
    items: AsyncIterator[T], *, first_s: float, idle_s: float
) -> AsyncGenerator[T, None]:
    """Yield what comes, with ``first_s`` seconds for the first piece and ``idle_s`` for the next.

    Raise :class:`SilenceError` when it does not come. Closing this iterator closes the other.
    """
    if not isinstance(items, AsyncGenerator):
        raise TypeError("only a generator can be closed")
    async with aclosing(items):
        patience = first_s
        while True:
            try:
                async with asyncio.timeout(patience):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise SilenceError(f"nothing came for {patience:.0f} s") from None
            yield item
            patience = idle_s
