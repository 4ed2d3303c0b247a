"""Notices that the machine has slept, and tells those whose knowledge is stale by then.

A clock of the system goes on while a machine sleeps, and one that never jumps stands still (Linux,
macOS) or goes on, too (Windows): either way more time has passed than this waited for.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from standby.ports import Clock

__all__ = ["Waking", "slept_s"]

log = logging.getLogger(__name__)

EVERY_S: Final = 5.0
# A busy machine wakes us late, and a clock is set by seconds now and then.
_SHORTEST_S: Final = 30.0


def slept_s(wall_s: float, ticks_s: float, waited_s: float) -> float:
    """Return how long a machine has slept, by what both clocks say has passed; 0: it has not.

    ``waited_s`` is how long it was meant to take.
    """
    slept = max(wall_s, ticks_s) - waited_s
    return slept if slept >= _SHORTEST_S else 0.0


class Waking:
    """Looks at the clocks again and again."""

    def __init__(
        self, clock: Clock, woken: Sequence[Callable[[], None]], every_s: float = EVERY_S
    ) -> None:
        """``woken`` are called, in order, once the machine is awake again."""
        self._clock = clock
        self._woken = woken
        self._every_s = every_s

    async def run(self) -> None:
        """Look, until cancelled."""
        before = self._clock.now(), self._clock.ticks()
        while True:
            await asyncio.sleep(self._every_s)
            now = self._clock.now(), self._clock.ticks()
            self.look(now[0] - before[0], now[1] - before[1])
            before = now

    def look(self, wall_s: float, ticks_s: float) -> None:
        """Take in how much time has passed since the last look, by both clocks."""
        slept = slept_s(wall_s, ticks_s, self._every_s)
        if not slept:
            return
        log.info("the machine has slept for %.0f s", slept)
        for tell in self._woken:
            tell()
