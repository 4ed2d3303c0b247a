"""How far the ledger had come, in a file beside it.

A write-ahead log that was cut, deleted or put back leaves a sound database in which the last rows
are missing, and SQLite's own check says that all is well (measured). The mark tells.
"""

import contextlib
import os
import re
import secrets
import sqlite3
from pathlib import Path
from typing import Final

__all__ = ["forget", "last_row", "noted", "write"]

_MARK: Final = re.compile(rb"[0-9]{1,18}\n")


def last_row(connection: sqlite3.Connection) -> int:
    """Return the number of the last row that was ever stored, 0 when there was none."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'requests'").fetchone()
    match found:
        case (int(seq),):
            return seq
        case _:
            return 0


def noted(ledger: Path) -> int:
    """Return the row that was noted last, 0 when there is no mark or none that can be read."""
    with contextlib.suppress(OSError):
        handle = os.open(_path(ledger), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, "rb") as file:
            if _MARK.fullmatch(text := file.read(32)):
                return int(text)
    return 0


def write(ledger: Path, row: int) -> None:
    """Note a row in place of the one before. Raise :class:`OSError`."""
    path = _path(ledger)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(b"%d\n" % row)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def forget(ledger: Path) -> None:
    """Remove the mark: another ledger begins. Raise :class:`OSError`."""
    _path(ledger).unlink(missing_ok=True)


def _path(ledger: Path) -> Path:
    return ledger.with_name(f"{ledger.name}.mark")
