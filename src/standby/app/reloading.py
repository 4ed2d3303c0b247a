"""The settings, read again when their file has changed.

Requests under way keep what was decided for them. What cannot be used leaves all as it was, and is
told in the log and by ``standby status`` until it has been put right.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from standby.core.settings import Settings, changed

__all__ = ["EVERY_S", "Reloading"]

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
"""How often the file is looked at."""


class Reloading:
    """Looks at the file of the settings, and takes what has changed."""

    def __init__(
        self,
        stamp: Callable[[], object],
        read: Callable[[], Settings | str],
        running: Settings,
        take: Callable[[Settings], Awaitable[None]],
    ) -> None:
        """``stamp`` differs when the file does; ``read`` returns settings, or what is wrong."""
        self._stamp = stamp
        self._read = read
        self._running = running
        self._take = take
        self._seen = stamp()
        self.fault = ""
        """Why the file cannot be used as it is; empty while it can."""
        self.waiting: tuple[str, ...] = ()
        """The settings that differ from those of the start, and count from the next one on."""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Take the settings if they have changed."""
        stamp = await asyncio.to_thread(self._stamp)
        if stamp == self._seen:
            return
        self._seen = stamp
        found = await asyncio.to_thread(self._read)
        if isinstance(found, str):
            self.fault = found
            log.warning("the changed settings cannot be used; the old ones stay: %s", found)
            return
        self.fault = ""
        await self._take(found)
        differ = changed(self._running, found)
        self.waiting = tuple(one.dotted for one in differ if not one.about.live)
        if self.waiting:
            names = ", ".join(self.waiting)
            log.warning("the settings were read again; restart to apply: %s", names)
        else:
            log.info("the settings were read again")
