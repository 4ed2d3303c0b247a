"""The ledger in the hands of its owner: read from the first row to the last, and deleted from.

Both work beside a running gateway: a few rows at a time, so that it never waits for long.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standby.adapters.ledger.file import DamagedError, RefusedError, open_ledger
from standby.adapters.ledger.looking import looking
from standby.adapters.ledger.rows import COLUMNS, entry
from standby.adapters.ledger.schema import NewerSchemaError, transaction
from standby.core.usage import Entry
from standby.ports import RecordsError

__all__ = ["Chosen", "count", "delete", "export"]

_READ: Final = 1000
_DELETED: Final = 500


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows: those that fit all that is said. Nothing said: all of them."""

    session: str = ""
    """A conversation, with its subagents."""
    project: str = ""
    before: float | None = None
    """Seconds since the epoch."""

    @property
    def _where(self) -> tuple[str, list[str | float]]:
        parts: list[str] = ["1"]
        values: list[str | float] = []
        if self.session:
            parts.append("(session = ? OR session >= ? AND session < ?)")
            values += [self.session, f"{self.session}/", f"{self.session}0"]
        if self.project:
            parts.append("project = ?")
            values.append(self.project)
        if self.before is not None:
            parts.append("at < ?")
            values.append(self.before)
        return " AND ".join(parts), values

    @property
    def condition(self) -> str:
        """The condition in SQL, with places for :attr:`values`."""
        return self._where[0]

    @property
    def values(self) -> list[str | float]:
        """What stands in the places."""
        return self._where[1]


def export(path: Path, chosen: Chosen) -> Iterator[Entry]:
    """Yield the rows in the order they came in. Raise :class:`RecordsError`."""
    query = (
        f"SELECT seq, {COLUMNS} FROM requests WHERE {chosen.condition} AND seq > ?"  # noqa: S608
        " ORDER BY seq LIMIT ?"
    )
    last, going = 0, path.exists()
    while going:
        with looking(path) as connection:
            rows = connection.execute(query, [*chosen.values, last, _READ]).fetchall()
        for row in rows:
            last = row[0]
            if (one := entry(row[1:])) is not None:
                yield one
        going = len(rows) == _READ


def count(path: Path, chosen: Chosen) -> int:
    """Return how many rows there are. Raise :class:`RecordsError`."""
    if not path.exists():
        return 0
    query = f"SELECT count(*) FROM requests WHERE {chosen.condition}"  # noqa: S608
    with looking(path) as connection:
        [(found,)] = connection.execute(query, chosen.values).fetchall()
    return int(found)


def delete(path: Path, chosen: Chosen) -> int:
    """Delete rows, and return how many; sums and switches follow. Raise :class:`RecordsError`.

    What is deleted is written over. Without a session and a project, the windows that were seen go
    as well.
    """
    if not path.exists():
        return 0
    try:
        with closing(open_ledger(path, check=False)) as connection:
            return _delete(connection, chosen)
    except (NewerSchemaError, RefusedError) as error:
        raise RecordsError(str(error)) from error
    except (sqlite3.Error, DamagedError, OSError) as error:
        raise RecordsError(f"the ledger cannot be written: {error}") from error


def _delete(connection: sqlite3.Connection, chosen: Chosen) -> int:
    connection.execute("PRAGMA secure_delete = ON")
    some = f"SELECT seq FROM requests WHERE {chosen.condition} LIMIT {_DELETED}"  # noqa: S608
    query = f"DELETE FROM requests WHERE seq IN ({some})"  # noqa: S608
    gone = 0
    while True:
        with transaction(connection):
            found = connection.execute(query, chosen.values).rowcount
        gone += found
        if found < _DELETED:
            break
    if not (chosen.session or chosen.project):
        before = float("inf") if chosen.before is None else chosen.before
        with transaction(connection):
            connection.execute("DELETE FROM windows WHERE at < ?", [before])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return gone
