"""The stream of events: the newest state, whenever something has happened, and now and then.

A reader that is slow misses states, and never the last one: nothing is queued for it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from standby.core.wire import errors
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON, dumps
from standby.ports import Wire

__all__ = ["MOST", "Events", "State"]

MOST: Final = 32
"""Streams at one time. A browser that hangs must not let another one hang, too."""
_HEAD: Final = Head(
    200,
    (
        ("Content-Type", "text/event-stream"),
        ("Cache-Control", "no-store"),
        ("X-Accel-Buffering", "no"),
    ),
)
# Whoever loses the connection asks again after this; a gateway that starts anew takes a second.
_AGAIN_MS: Final = 2000


class Waiting(Protocol):
    """Says when something happens."""

    @property
    def count(self) -> int:
        """How often something has happened."""
        ...

    async def wait(self, seen: int, within_s: float) -> None:
        """Return once more has happened than was seen, or after a while."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """Something that is sent when it has changed."""

    look: Callable[[], Awaitable[JSON]]
    every_s: float = 0.0
    """How long to leave it unseen while nothing happens: looking may take a while."""


class Events:
    """Sends states to everybody who watches.

    ``states`` are by name what is sent; ``every_s`` is how long nothing may be sent, ``rest_s`` the
    least time between two looks.
    """

    def __init__(
        self,
        news: Waiting,
        states: Mapping[str, State],
        ticks: Callable[[], float] = time.monotonic,
        *,
        every_s: float = 5.0,
        rest_s: float = 0.5,
    ) -> None:
        self._news = news
        self._states = states
        self._ticks = ticks
        self._every_s = every_s
        self._rest_s = rest_s
        self._watching = 0

    async def stream(self, wire: Wire) -> None:
        """Send states until the reader leaves."""
        if self._watching >= MOST:
            await wire.deliver(*errors.later(429, f"{MOST} are watching already", 30))
            return
        self._watching += 1
        try:
            await self._send(wire)
        finally:
            self._watching -= 1

    async def _send(self, wire: Wire) -> None:
        await wire.start(_HEAD)
        await wire.send(f"retry: {_AGAIN_MS}\n\n".encode())
        sent: dict[str, bytes] = {}
        looked: dict[str, tuple[int, float]] = {}
        while True:
            seen, now = self._news.count, self._ticks()
            something = False
            for name, state in self._states.items():
                before = looked.get(name)
                if before and before[0] == seen and now - before[1] < state.every_s:
                    continue
                looked[name] = seen, now
                data = dumps(await state.look())
                if sent.get(name) != data:
                    sent[name] = data
                    something = True
                    await wire.send(b"event: %s\ndata: %s\n\n" % (name.encode(), data))
            if not something:
                await wire.send(b": nothing new\n\n")  # also how a reader that left is noticed
            await self._news.wait(seen, self._every_s)
            await asyncio.sleep(self._rest_s)
