"""The ledger in SQLite: one thread writes, fed by a queue, and no answer ever waits for it.

A ledger that cannot be written is *degraded*: rows are kept in memory, up to a limit, and tried
again; what does not fit is counted. None of it reaches a request.
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final

from standby.adapters.ledger import mark
from standby.adapters.ledger.ballast import Ballast, is_full
from standby.adapters.ledger.file import (
    DamagedError,
    RefusedError,
    damaged,
    open_ledger,
    set_aside,
)
from standby.adapters.ledger.rows import (
    DECIDED,
    DID,
    NEWEST,
    OLDEST,
    SAW,
    deed_row,
    entry,
    insert,
    row,
)
from standby.adapters.ledger.schema import NewerSchemaError, transaction
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry
from standby.core.usage.deeds import Deed
from standby.core.wire.json import JSON, dumps
from standby.ports import Clock

__all__ = ["SqliteLedger"]

log = logging.getLogger(__name__)

_DAY_S: Final = 86_400.0
_MOST_QUEUED: Final = 4096
_MOST_KEPT: Final = 10_000
"""Rows that a degraded ledger keeps in memory: about 10 MB."""
# Rows for one statement: each one gives up the interpreter's lock and waits to get it back, and
# older SQLite takes 999 values at most.
_BATCH: Final = 50
# How long the first of several entries waits for the others. Each time the thread wakes, a stream
# somewhere waits for the interpreter: 0.3 to 0.6 ms for each entry, were it woken for each.
_GATHER_S: Final = 0.25
_TIDY_BATCH: Final = 500
_TIDY_EVERY_S: Final = 3600.0
_NOTE_EVERY_S: Final = 60.0
_LONGEST_RETRY_S: Final = 60.0
_ANSWER_S: Final = 5.0
_MOST_READ: Final = 1000
# What is seen of windows is no loss when it does not fit: the next answer says it again.
_MOST_SEEN: Final = 1000


@dataclass(frozen=True, slots=True)
class _Question:
    limit: int
    answer: "Future[tuple[Entry, ...]]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Stop:
    """The last message."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the cloud said of the windows of an account."""

    account: Account
    windows: tuple[Window, ...]
    at: float


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is kept beside the row of a request."""

    statement: str
    rows: tuple[tuple[str | int, ...], ...]


_Message = Entry | _Seen | _Beside | _Question | _Stop


class SqliteLedger:
    """Implements the port ``Ledger``. Open it once; close it to have all rows on disk."""

    def __init__(
        self, path: Path, clock: Clock, *, keep_days: int = 90, retry_s: float = 1.0
    ) -> None:
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._hurry = threading.Event()
        """Set when somebody waits for what is in the queue."""
        self._writer = _Writer(
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
        if self._open and self._messages.qsize() < _MOST_QUEUED:
            self._messages.put(entry)
        else:
            self._refused += 1

    def decided(self, request: str, said: Mapping[str, JSON]) -> None:
        """Take why a request was answered by whom it was; never wait, never fail."""
        self._keep_beside(DECIDED, (request, dumps(dict(said)).decode()))

    def did(self, request: str, deeds: Sequence[Deed]) -> None:
        """Take what the calls in an answer would change; never wait, never fail."""
        self._keep_beside(DID, *(deed_row(request, at, deed) for at, deed in enumerate(deeds)))

    def _keep_beside(self, statement: str, *rows: tuple[str | int, ...]) -> None:
        if self._open and self._messages.qsize() < _MOST_QUEUED:
            self._messages.put(_Beside(statement, rows))

    def saw(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Take what the cloud said of an account's windows; never wait, never fail."""
        if self._open and self._messages.qsize() < _MOST_QUEUED:
            self._messages.put(_Seen(account, tuple(windows), at))

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest entries, newest first; empty when the ledger cannot be read.

        What was booked before is among them.
        """
        if not self._open:
            return ()
        question = _Question(max(0, min(limit, _MOST_READ)))
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
        self._messages.put(_Stop())
        self._hurry.set()
        await asyncio.to_thread(self._thread.join, deadline_s)
        if self._thread.is_alive():
            log.warning(
                "the ledger did not finish within %s s: its last rows may be lost", deadline_s
            )


class _Writer:
    """What the thread does. Only it touches the database."""

    def __init__(
        self,
        path: Path,
        messages: "queue.SimpleQueue[_Message]",
        hurry: threading.Event,
        now: Callable[[], float],
        keep_s: float,
        retry_s: float,
    ) -> None:
        self.degraded: str | None = None
        self.dropped = 0
        self._path = path
        self._ballast = Ballast(path)
        self._messages = messages
        self._hurry = hurry
        self._now = now
        self.keep_s = keep_s
        self._first_retry_s = self._retry_s = retry_s
        self._kept: deque[Entry] = deque()
        self._seen: deque[_Seen] = deque(maxlen=_MOST_SEEN)
        self._beside: deque[_Beside] = deque(maxlen=_MOST_SEEN)
        self._questions: list[_Question] = []
        self._connection: sqlite3.Connection | None = None
        self._checked = False
        self._set_aside = False
        self._off = False
        self._retry_at = 0.0
        self._tidy_at = 0.0
        self._note_at = 0.0
        self._noted = 0

    def run(self) -> None:
        """Write what comes until told to stop."""
        going = True
        while going:
            going = self._take()
            if self._off:
                self._forget()
            elif not going or time.monotonic() >= self._retry_at:
                self._work()
            self._leave_unanswered()
        self._note(at_once=True)
        self._disconnect()
        self._forget()

    def _take(self) -> bool:
        """Take the messages there are, or wait for one; say whether to go on."""
        try:
            message = self._messages.get(timeout=self._patience_s())
            if isinstance(message, Entry | _Seen | _Beside):
                self._hurry.wait(_GATHER_S)
                self._hurry.clear()
            for _ in range(_MOST_QUEUED):
                if not self._accept(message):
                    return False
                message = self._messages.get_nowait()
        except queue.Empty:
            return True
        return self._accept(message)

    def _accept(self, message: _Message) -> bool:
        match message:
            case _Stop():
                return False
            case _Question():
                self._questions.append(message)
            case Entry():
                self._keep(message)
            case _Beside():
                self._beside.append(message)
            case _Seen():
                self._seen.append(message)
        return True

    def _patience_s(self) -> float:
        if self._off:
            return _TIDY_EVERY_S
        wake_at = self._retry_at if self.degraded else self._tidy_at
        return max(0.0, min(wake_at - time.monotonic(), _TIDY_EVERY_S))

    def _keep(self, one: Entry) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.popleft()
            self.dropped += 1
        self._kept.append(one)

    def _forget(self) -> None:
        self.dropped += len(self._kept)
        self._kept.clear()
        self._seen.clear()
        self._beside.clear()

    def _work(self) -> None:
        try:
            connection = self._connect()
            self._write(connection)
            self._read(connection)
            self._tidy(connection)
            self._note()
        except (NewerSchemaError, RefusedError) as error:
            self._turn_off(str(error))
        except DamagedError as error:
            self._mend(error)
        except sqlite3.Error as error:
            if damaged(error):
                self._mend(error)
            elif is_full(error) and self._ballast.drop():
                self._work()
            else:
                self._degrade(str(error))
        except OSError as error:
            self._degrade(f"{self._path}: {error.strerror}")
        except Exception:  # the edge of a background task: requests go on without a ledger
            log.exception("the ledger failed")
            self._turn_off("the ledger failed; the log says why")
        else:
            self._recover()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            is_new = not self._path.exists()
            self._connection = open_ledger(self._path, check=not self._checked)
            if not self._checked and not is_new:
                self._compare(self._connection)
            self._checked = True
        return self._connection

    def _compare(self, connection: sqlite3.Connection) -> None:
        """Say so when rows that were there once are not there any more."""
        self._noted = mark.noted(self._path)
        missing = self._noted - mark.last_row(connection)
        if missing > 0:
            log.warning("the ledger has gone back in time: its last %s rows are missing", missing)

    def _note(self, *, at_once: bool = False) -> None:
        """Note how far the ledger has come, now and then."""
        if self._connection is None or (time.monotonic() < self._note_at and not at_once):
            return
        self._note_at = time.monotonic() + _NOTE_EVERY_S
        try:
            row = mark.last_row(self._connection)
            if row != self._noted:
                mark.write(self._path, row)
                self._noted = row
        except (OSError, sqlite3.Error) as error:
            log.warning("how far the ledger has come could not be noted: %s", error)

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _write(self, connection: sqlite3.Connection) -> None:
        while batch := [*islice(self._kept, _BATCH)]:
            with transaction(connection):
                connection.execute(insert(len(batch)), [*chain.from_iterable(map(row, batch))])
            for _ in batch:
                self._kept.popleft()
        if self._seen:
            with transaction(connection):
                connection.executemany(SAW, [each for one in self._seen for each in _samples(one)])
            self._seen.clear()
        if self._beside:
            with transaction(connection):
                for one in self._beside:
                    connection.executemany(one.statement, one.rows)
            self._beside.clear()

    def _read(self, connection: sqlite3.Connection) -> None:
        while self._questions:
            question = self._questions[0]
            rows = connection.execute(NEWEST, (question.limit,)).fetchall()
            found = tuple(one for values in rows if (one := entry(values)) is not None)
            self._questions.pop(0)
            _tell(question, found)

    def _leave_unanswered(self) -> None:
        while self._questions:
            _tell(self._questions.pop(), ())

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Delete some of what is too old; the rest when there is nothing better to do."""
        if time.monotonic() < self._tidy_at:
            return
        with transaction(connection):
            before = self._now() - self.keep_s
            gone = connection.execute(OLDEST, (before, _TIDY_BATCH)).rowcount
            connection.execute("DELETE FROM windows WHERE at < ?", (before,))
        self._ballast.lay()
        self._tidy_at = time.monotonic() + (_TIDY_EVERY_S if gone < _TIDY_BATCH else 0.0)

    def _mend(self, error: Exception) -> None:
        """Begin anew after damage; once. Twice is the disk's fault, and would fill it."""
        self._disconnect()
        if self._set_aside:
            self._turn_off(f"the ledger was damaged again: {error}")
            return
        self._set_aside = True
        try:
            set_aside(self._path, self._now())
            mark.forget(self._path)
            self._noted = 0
        except OSError as refusal:
            self._turn_off(f"the ledger is damaged and cannot be set aside: {refusal}")
        else:
            self._work()

    def _degrade(self, why: str) -> None:
        self._disconnect()
        if self.degraded is None:
            log.warning("the ledger cannot be written, rows are kept in memory: %s", why)
        self.degraded = why
        self._retry_at = time.monotonic() + self._retry_s
        self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)

    def _turn_off(self, why: str) -> None:
        self._disconnect()
        log.error("there is no ledger until the next start: %s", why)
        self.degraded, self._off = why, True
        self._forget()

    def _recover(self) -> None:
        if self.degraded is not None:
            log.info("the ledger is written again")
        self.degraded = None
        self._retry_at, self._retry_s = 0.0, self._first_retry_s


def _samples(seen: _Seen) -> Iterator[dict[str, str | float | None]]:
    for window in seen.windows:
        if window.utilisation is not None:
            yield {
                "account": seen.account,
                "name": window.name,
                "at": seen.at,
                "used": window.utilisation,
                "resets_at": window.resets_at,
            }


def _tell(question: _Question, found: tuple[Entry, ...]) -> None:
    if question.answer.set_running_or_notify_cancel():
        question.answer.set_result(found)
