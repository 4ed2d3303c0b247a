"""The settings, read again when their file has changed.

Requests under way keep what was decided for them. What cannot be used leaves all as it was, and is
told in the log and by ``standby status`` until it has been put right.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import fields
from typing import Final

from standby.core.settings import Settings

__all__ = ["EVERY_S", "LIVE", "Reloading"]

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
"""How often the file is looked at."""
LIVE: Final = frozenset({"policy"})
"""The sections that count at once; the others do from the next start on."""


class Reloading:
    """Looks at the file of the settings, and takes what has changed."""

    def __init__(
        self,
        stamp: Callable[[], object],
        read: Callable[[], Settings | str],
        running: Settings,
        take: Callable[[Settings], None],
    ) -> None:
        """``stamp`` differs when the file does; ``read`` returns settings, or what is wrong."""
        self._stamp = stamp
        self._read = read
        self._running = running
        self._take = take
        self._seen = stamp()
        self.fault = ""
        """Why the file cannot be used as it is; empty while it can."""

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
        self._take(found)
        later = [name for name in _changed(self._running, found) if name not in LIVE]
        if later:
            names = "], [".join(later)
            log.warning("the settings were read again; [%s] waits for a restart", names)
        else:
            log.info("the settings were read again")


def _changed(before: Settings, after: Settings) -> list[str]:
    """Return the sections that differ from those that the gateway was started with."""
    names = (section.name for section in fields(before))
    return [name for name in names if getattr(before, name) != getattr(after, name)]
