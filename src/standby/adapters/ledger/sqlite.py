"""The ledger in SQLite: one thread writes, fed by a queue, and no answer ever waits for it.

A ledger that cannot be written is *degraded*: rows are kept in memory, up to a limit, and tried
again; what does not fit is counted. None of it reaches a request. What the thread does is in
:mod:`standby.adapters.ledger.writer`.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from standby.adapters.ledger.rows import DECIDED, DID, deed_row
from standby.adapters.ledger.writer import (
    MOST_QUEUED,
    Beside,
    Message,
    Question,
    Seen,
    Stop,
    Writer,
)
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry
from standby.core.usage.deeds import Deed
from standby.core.wire.json import JSON, dumps
from standby.ports import Clock

__all__ = ["SqliteLedger"]

log = logging.getLogger(__name__)

_DAY_S: Final = 86_400.0
_ANSWER_S: Final = 5.0
_MOST_READ: Final = 1000


class SqliteLedger:
    """Implements the port ``Ledger``. Open it once; close it to have all rows on disk."""

    def __init__(
        self, path: Path, clock: Clock, *, keep_days: int = 90, retry_s: float = 1.0
    ) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._hurry = threading.Event()
        """Set when somebody waits for what is in the queue."""
        self._writer = Writer(
            path, self._messages, self._hurry, clock.now, keep_days * _DAY_S, retry_s
        )
        self._thread = threading.Thread(target=self._writer.run, name="ledger", daemon=True)
        self._open = False
        self._refused = 0

    @property
    def degraded(self) -> str | None:
        """Why rows are not being written now, ``None`` while they are."""
        return self._writer.degraded

    @property
    def lost(self) -> int:
        """How many entries could not be kept, neither on disk nor in memory."""
        return self._refused + self._writer.dropped

    def keep(self, days: int) -> None:
        """Keep rows for so many days from now on."""
        self._writer.keep_s = days * _DAY_S

    async def open(self) -> None:
        """Begin to write. Whatever is wrong with the file shows in :attr:`degraded`."""
        self._open = True
        await asyncio.to_thread(self._thread.start)

    def book(self, entry: Entry) -> None:
        """Take an entry; never wait, never fail. The same entry twice counts once."""
        if not self._queued(entry):
            self._refused += 1

    def decided(self, request: str, said: Mapping[str, JSON]) -> None:
        """Take why a request was answered by whom it was; never wait, never fail."""
        self._queued(Beside(DECIDED, ((request, dumps(dict(said)).decode()),)))

    def did(self, request: str, deeds: Sequence[Deed]) -> None:
        """Take what the calls in an answer would change; never wait, never fail."""
        rows = tuple(deed_row(request, at, deed) for at, deed in enumerate(deeds))
        self._queued(Beside(DID, rows))

    def saw(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Take what the cloud said of an account's windows; never wait, never fail."""
        self._queued(Seen(account, tuple(windows), at))

    def _queued(self, message: Message) -> bool:
        """Hand a message to the thread; say whether it is there to take it, and there was room."""
        taken = self._open and self._messages.qsize() < MOST_QUEUED
        if taken:
            self._messages.put(message)
        return taken

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest entries, newest first; empty when the ledger cannot be read.

        What was booked before is among them.
        """
        if not self._open:
            return ()
        question = Question(max(0, min(limit, _MOST_READ)))
        self._messages.put(question)
        self._hurry.set()
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await asyncio.wrap_future(question.answer)
        except TimeoutError:
            return ()

    async def close(self, *, deadline_s: float = 3.0) -> None:
        """Write what is left, and stop; give up after the deadline."""
        if not self._open:
            return
        self._open = False
        self._messages.put(Stop())
        self._hurry.set()
        await asyncio.to_thread(self._thread.join, deadline_s)
        if self._thread.is_alive():
            log.warning(
                "the ledger did not finish within %s s: its last rows may be lost", deadline_s
            )
