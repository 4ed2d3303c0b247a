"""What the thread of the ledger does: rows, samples and questions out of a queue, one by one.

Only it touches the database. How it is reached from the event loop is in
:mod:`standby.adapters.ledger.sqlite`.
"""

import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
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
from standby.adapters.ledger.rows import NEWEST, OLDEST, SAW, entry, insert, row
from standby.adapters.ledger.schema import NewerSchemaError, transaction
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry

__all__ = ["MOST_QUEUED", "Beside", "Message", "Question", "Seen", "Stop", "Writer"]

log = logging.getLogger(__name__)

MOST_QUEUED: Final = 4096
"""Messages that wait for the thread; more are refused."""
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
# What is seen of windows is no loss when it does not fit: the next answer says it again.
_MOST_SEEN: Final = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """Which entries there are: the newest, so many at most."""

    limit: int
    answer: "Future[tuple[Entry, ...]]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Stop:
    """The last message."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cloud said of the windows of an account."""

    account: Account
    windows: tuple[Window, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What is kept beside the row of a request."""

    statement: str
    rows: tuple[tuple[str | int, ...], ...]


Message = Entry | Seen | Beside | Question | Stop


class Writer:
    """Writes what comes, in the order in which it came; run it in one thread."""

    def __init__(
        self,
        path: Path,
        messages: "queue.SimpleQueue[Message]",
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
        self._seen: deque[Seen] = deque(maxlen=_MOST_SEEN)
        self._beside: deque[Beside] = deque(maxlen=_MOST_SEEN)
        self._questions: list[Question] = []
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
            if isinstance(message, Entry | Seen | Beside):
                self._hurry.wait(_GATHER_S)
                self._hurry.clear()
            for _ in range(MOST_QUEUED):
                if not self._accept(message):
                    return False
                message = self._messages.get_nowait()
        except queue.Empty:
            return True
        return self._accept(message)

    def _accept(self, message: Message) -> bool:
        match message:
            case Stop():
                return False
            case Question():
                self._questions.append(message)
            case Entry():
                self._keep(message)
            case Beside():
                self._beside.append(message)
            case Seen():
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


def _samples(seen: Seen) -> Iterator[dict[str, str | float | None]]:
    for window in seen.windows:
        if window.utilisation is not None:
            yield {
                "account": seen.account,
                "name": window.name,
                "at": seen.at,
                "used": window.utilisation,
                "resets_at": window.resets_at,
            }


def _tell(question: Question, found: tuple[Entry, ...]) -> None:
    if question.answer.set_running_or_notify_cancel():
        question.answer.set_result(found)
