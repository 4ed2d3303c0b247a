"""A machine without any model gets the rehearsal model: small, and better than nobody."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from standby.app.local.engines import Engines
from standby.ports import FetchError

__all__ = ["FAILED", "Fetch", "Fetching"]

log = logging.getLogger(__name__)

FAILED: Final = "the rehearsal model could not be fetched"
"""What the words begin with once there is no hope."""

Fetch = Callable[[Callable[[str], None]], Awaitable[None]]
"""Fetches the model, telling how far it is; raises :class:`FetchError`."""


class Fetching:
    """Looks once, after the start, whether there is anybody to take over."""

    def __init__(self, engines: Engines, fetch: Fetch | None) -> None:
        self._engines = engines
        self._fetch = fetch
        self.words: str | None = None
        """How far a download is, or why it failed; ``None`` when there is nothing to say."""

    async def run(self) -> None:
        """Ask the engines; fetch the model if none of them has one."""
        await self._engines.refresh()
        if self._engines.known() or self._fetch is None:
            return
        self.words = "fetching the rehearsal model"
        log.warning(
            "no local model on this machine can answer while the cloud is out: %s", self.words
        )
        try:
            await self._fetch(self._tell)
        except FetchError as error:
            self.words = f"{FAILED}: {error}"
            log.warning("%s", self.words)
        else:
            self.words = None
            await self._engines.refresh()
            log.info("the rehearsal model is there")

    def _tell(self, progress: str) -> None:
        self.words = f"fetching the rehearsal model: {progress}"
