"""The file of the ledger: made for us alone, opened, checked, and set aside when it is damaged."""

import datetime as dt
import logging
import os
import sqlite3
import stat
import sys
import threading
from pathlib import Path
from typing import Final

from standby.adapters.ledger.schema import migrate, refuse_newer

__all__ = ["CHECK_S", "DamagedError", "RefusedError", "damaged", "open_ledger", "set_aside"]

log = logging.getLogger(__name__)

_BUSY_S: Final = 5.0
CHECK_S: Final = 2.0
"""How long a ledger is looked through for damage when it is opened."""
_WAL_BYTES: Final = 4 * 1024 * 1024
# What SQLite keeps beside its file.
_BESIDE: Final = ("", "-wal", "-shm")
_PRIMARY: Final = 0xFF


class DamagedError(Exception):
    """The file is no sound database any more."""


class RefusedError(Exception):
    """The file is not ours to write; its message says why."""


def open_ledger(path: Path, *, check: bool) -> sqlite3.Connection:
    """Return a connection to the ledger, in the newest schema; make the file when there is none.

    Raise :class:`DamagedError`, :class:`RefusedError`, ``NewerSchemaError``, ``sqlite3.Error`` or
    ``OSError``. With ``check``, look for damage first, as long as :data:`CHECK_S` seconds.
    """
    _make(path)
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        refuse_newer(connection)  # before anything is changed
        connection.execute("PRAGMA journal_mode = WAL")
        # Losing the last rows in a power cut is worth not waiting for the disk at each of them.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if check:
            _check(connection)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def damaged(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def set_aside(path: Path, now: float) -> Path:
    """Give a damaged ledger another name, with what belongs to it, and return that name."""
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    aside = path.with_name(f"{path.name}.damaged-{moment:%Y%m%d-%H%M%S}")
    for suffix in _BESIDE:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    log.error("the ledger was damaged: it is kept as %s, and a new one is begun", aside)
    return aside


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite itself would make the file, its log and its index as readable as the umask has it.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        for suffix in _BESIDE:
            _ours(path.with_name(path.name + suffix))


def _ours(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError(f"{path} must be a file, and no symlink")
    if sys.platform != "win32":
        if status.st_uid != os.geteuid():
            raise RefusedError(f"{path} belongs to another user (uid {status.st_uid})")
        if status.st_mode & 0o077:
            path.chmod(0o600)


def _check(connection: sqlite3.Connection, within_s: float = CHECK_S) -> None:
    """Look for damage for so long at most. Raise :class:`DamagedError`.

    It is called off from another thread: a handler that SQLite asks on its way is not asked while
    it goes through the pages of a table, which takes seconds for millions of rows (SQLite 3.40).
    """
    bell = threading.Timer(within_s, connection.interrupt)
    bell.daemon = True
    bell.start()
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_INTERRUPT:
            raise
        found = ("ok",)  # nothing was found in the time there was
    finally:
        bell.cancel()
        bell.join()  # or it would ring when the connection does something else
    if found != ("ok",):
        raise DamagedError(f"quick_check: {found}")
