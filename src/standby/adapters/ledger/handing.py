"""The ledger in the hands of its owner: read from the first row to the last, and deleted from.

Both work beside a running gateway: a few rows at a time, so that it never waits for long.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standby.adapters.ledger.file import DamagedError, RefusedError, open_ledger
from standby.adapters.ledger.looking import OF_SESSION, looking, of_session
from standby.adapters.ledger.rows import COLUMNS, entry
from standby.adapters.ledger.schema import NewerSchemaError, transaction
from standby.core.usage import Entry
from standby.core.usage.deeds import Deed
from standby.ports import RecordsError

__all__ = ["Chosen", "count", "deeds", "delete", "export"]

# Rows that one statement goes through: on a slow disk it takes a fraction of a second.
_STEP: Final = 10_000
_DEEDS: Final = "SELECT id, tool, path FROM deeds ORDER BY id, n"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows: those that fit all that is said. Nothing said: all of them."""

    session: str = ""
    """A conversation, with its subagents."""
    project: str = ""
    before: float | None = None
    """Seconds since the epoch."""

    def statement(self, verb: str, after: int) -> tuple[str, list[str | float]]:
        """Return a statement on the rows of the numbers after ``after``, of one step.

        A conversation has an index and needs no steps: all of it is in the first.
        """
        if self.session:
            parts, values = [OF_SESSION], list[str | float](of_session(self.session))
            parts.append(f"+seq > {after}")
        else:
            parts, values = [f"seq > {after} AND seq <= {after + _STEP}"], []
        if self.project:
            parts.append("project = ?")
            values.append(self.project)
        if self.before is not None:
            parts.append("at < ?")
            values.append(self.before)
        return f"{verb} FROM requests WHERE {' AND '.join(parts)}", values


def export(path: Path, chosen: Chosen) -> Iterator[Entry]:
    """Yield the rows in the order they came in. Raise :class:`RecordsError`."""
    for after in _steps(path, chosen):
        query, values = chosen.statement(f"SELECT {COLUMNS}", after)
        with looking(path) as connection:
            rows = connection.execute(f"{query} ORDER BY seq", values).fetchall()
        for row in rows:
            if (one := entry(row)) is not None:
                yield one


def deeds(path: Path) -> Mapping[str, tuple[Deed, ...]]:
    """Return what local answers would have changed, by request. Raise :class:`RecordsError`."""
    found: dict[str, list[Deed]] = {}
    if path.exists():
        with looking(path) as connection:
            for request, tool, changed in connection.execute(_DEEDS):
                found.setdefault(request, []).append(Deed(tool, changed))
    return {request: tuple(some) for request, some in found.items()}


def count(path: Path, chosen: Chosen) -> int:
    """Return how many rows there are. Raise :class:`RecordsError`."""
    found = 0
    for after in _steps(path, chosen):
        query, values = chosen.statement("SELECT count(*)", after)
        with looking(path) as connection:
            [(some,)] = connection.execute(query, values).fetchall()
        found += int(some)
    return found


def _steps(path: Path, chosen: Chosen) -> range:
    """Return after which numbers the steps begin."""
    if not path.exists():
        return range(0)
    if chosen.session:
        return range(1)
    with looking(path) as connection:
        [(last,)] = connection.execute("SELECT coalesce(max(seq), 0) FROM requests").fetchall()
    return range(0, int(last), _STEP)


def delete(path: Path, chosen: Chosen) -> int:
    """Delete rows, and return how many; sums and switches follow. Raise :class:`RecordsError`.

    What is deleted is written over. Without a session and a project, the windows that were seen go
    as well.
    """
    if not path.exists():
        return 0
    try:
        with closing(open_ledger(path, check=False)) as connection:
            return _delete(connection, chosen, _steps(path, chosen))
    except (NewerSchemaError, RefusedError) as error:
        raise RecordsError(str(error)) from error
    except (sqlite3.Error, DamagedError, OSError) as error:
        raise RecordsError(f"the ledger cannot be written: {error}") from error


def _delete(connection: sqlite3.Connection, chosen: Chosen, steps: range) -> int:
    connection.execute("PRAGMA secure_delete = ON")
    gone = 0
    for after in steps:
        query, values = chosen.statement("DELETE", after)
        with transaction(connection):
            gone += connection.execute(query, values).rowcount
    if not (chosen.session or chosen.project):
        before = float("inf") if chosen.before is None else chosen.before
        with transaction(connection):
            connection.execute("DELETE FROM windows WHERE at < ?", [before])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return gone
