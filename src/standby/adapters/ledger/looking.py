"""Looks into the ledger without writing: beside the gateway that writes it, and without one.

Each look is a connection of its own and ends soon: a reader that stays keeps the write-ahead log
from being taken up (measured). Sums are read, not rows, wherever there are many.
"""

import contextlib
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from standby.adapters.ledger.file import damaged
from standby.adapters.ledger.rows import COLUMNS, entry
from standby.adapters.ledger.schema import (
    NewerSchemaError,
    OlderSchemaError,
    refuse_newer,
    refuse_older,
)
from standby.core.quota.forecast import Sample
from standby.core.request import Account
from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed
from standby.core.usage.review import Done
from standby.core.usage.sums import BOUNDS_S, Grouping, Line, Standing, Sums
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.ports import RecordsError

__all__ = ["CHANGING", "NEXT_SESSION", "OF_SESSION", "Looks", "looking", "of_session"]

_BUSY_S: Final = 1.0
_LONGEST_S: Final = 5.0
_STEPS: Final = 10_000
_MOST_ENTRIES: Final = 10_000
_MOST_SESSIONS: Final = 300
_MOST_SAMPLES: Final = 6000
_HOUR_S: Final = 3600
_FIRSTS: Final = tuple(f"first_{i:02}" for i in range(len(BOUNDS_S) + 1))
_SUMS: Final = ", ".join(
    f"sum({name})"
    for name in (
        *("requests", "ok", "saved", "switches", "input", "output", "cache_read", "cache_write"),
        *("duration_ms", "stream_ms", "stream_output", *_FIRSTS),
    )
)
_GROUPS: Final[Mapping[Grouping, str]] = {
    "all": "''",
    "hour": "hour",
    "day": "strftime('%Y-%m-%d', hour * 3600, 'unixepoch', 'localtime')",
    "project": "project",
    "session": "session",
    "model": "CASE answered WHEN '' THEN requested ELSE answered END",
}
_LINES: Final = "SELECT {key} AS key, served_by, requested, max(hour), {sums} FROM {table}"
OF_SESSION: Final = """
    seq IN (
        SELECT seq FROM requests WHERE session = ?
        UNION ALL SELECT seq FROM requests WHERE session >= ? AND session < ?
    )
"""
"""The rows of a conversation and of its subagents, for the values of :func:`of_session`."""
# The order of the tables says where to begin: there are far fewer deeds than requests.
CHANGING: Final = (
    "SELECT r.session FROM deeds AS d CROSS JOIN requests AS r ON r.id = d.id"
    " ORDER BY r.seq DESC LIMIT 1"
)
_SESSIONS: Final = """
    AND session IN (
        SELECT session FROM session_hours WHERE hour >= ? AND hour < ?
        GROUP BY session ORDER BY max(hour) DESC LIMIT ?
    )
"""
NEXT_SESSION: Final = "SELECT min(session) FROM requests WHERE session >= ? AND session < ?"
_NEWEST: Final = " ORDER BY seq DESC LIMIT ?"
# Older SQLite takes 999 values at most.
_AT_ONCE: Final = 50


def of_session(session: str) -> tuple[str, str, str]:
    """Return the values for :data:`OF_SESSION`: a subagent's name goes on after a stroke."""
    return session, f"{session}/", f"{session}0"


class Looks:
    """What the port ``Records`` tells, one look at a time. All raise :class:`RecordsError`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self, since: float, until: float, by: Grouping) -> tuple[Line, ...]:
        """Return what was used in the hours that begin in between."""
        first, last = -int(-since // _HOUR_S), -int(-until // _HOUR_S)
        table = "session_hours" if by == "session" else "hours"
        query = _LINES.format(key=_GROUPS[by], sums=_SUMS, table=table)
        query += " WHERE hour >= ? AND hour < ?"
        values = [first, last]
        if by == "session":
            query += _SESSIONS
            values += [first, last, _MOST_SESSIONS]
        rows = self._ask(query + " GROUP BY key, served_by, requested", values)
        return tuple(_line(row) for row in rows)

    def entries(
        self, limit: int, *, session: str = "", after: int = 0
    ) -> tuple[tuple[int, Entry], ...]:
        """Return the newest entries with their numbers, newest first."""
        query = f"SELECT seq, {COLUMNS} FROM requests WHERE"  # noqa: S608  # names of ours, no values
        # The plus keeps SQLite from going through all rows by their numbers.
        query += f" +seq > ? AND {OF_SESSION}" if session else " seq > ?"
        query += _NEWEST
        wanted = max(0, min(limit, _MOST_ENTRIES))
        rows = self._ask(query, [after, *(of_session(session) if session else ()), wanted])
        found = ((row[0], entry(row[1:])) for row in rows)
        return tuple((seq, one) for seq, one in found if isinstance(seq, int) and one is not None)

    def sessions(self, beginning: str, most: int) -> tuple[str, ...]:
        """Return the conversations whose ids begin so, in order; subagents belong to theirs."""
        found: dict[str, None] = {}
        after, end = beginning, f"{beginning}{chr(sys.maxunicode)}"
        while len(found) < most:
            rows = self._ask(NEXT_SESSION, [after, end])
            match rows[:1]:
                case [(str(session),)]:
                    name, agent, _ = session.partition("/")
                    found[name] = None
                    # Past its subagents in one step of the index, however many rows they have.
                    after = of_session(name)[-1] if agent else f"{session} "
                case _:
                    break
        return tuple(found)

    def ends(self, sessions: Sequence[str]) -> Mapping[str, Entry]:
        """Return the newest entry of each of some conversations, as far as there is one."""
        # Of each one row by the index; one query for all would look at every row of theirs.
        one = f"SELECT * FROM (SELECT ?, {COLUMNS} FROM requests WHERE {OF_SESSION}{_NEWEST})"  # noqa: S608  # names of ours, no values
        found: dict[str, Entry] = {}
        for at in range(0, min(len(sessions), _MOST_SESSIONS), _AT_ONCE):
            some = sessions[at : at + _AT_ONCE]
            values: list[str | int | float] = []
            for name in some:
                values += [name, *of_session(name), 1]
            for row in self._ask(" UNION ALL ".join([one] * len(some)), values):
                if isinstance(row[0], str) and (end := entry(row[1:])) is not None:
                    found[row[0]] = end
        return found

    def switches(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest requests that were answered by another side than the one before."""
        query = f"SELECT {COLUMNS} FROM requests WHERE switched = 1 ORDER BY seq DESC LIMIT ?"  # noqa: S608  # names of ours, no values
        rows = self._ask(query, [max(0, min(limit, _MOST_ENTRIES))])
        return tuple(one for row in rows if (one := entry(row)) is not None)

    def decision(self, request: str) -> tuple[str, Mapping[str, JSON]] | None:
        """Return why a request was answered by whom it was, with its id; an empty id: the newest.

        ``None``: nothing is kept of it.
        """
        query, values = "SELECT id, said FROM decisions", [request]
        query += " WHERE id = ?" if request else " WHERE ? = ''"
        for found in self._ask(f"{query} ORDER BY seq DESC LIMIT 1", values):
            match found:
                case (str(name), str(said)):
                    value = _json(said)
                    return (name, value) if isinstance(value, dict) else None
                case _:
                    pass
        return None

    def changing(self) -> str | None:
        """Return the newest conversation in which a local answer would change something."""
        found = [row[0] for row in self._ask(CHANGING, [])]
        return found[0].partition("/")[0] if found and isinstance(found[0], str) else None

    def deeds(self, session: str) -> tuple[Done, ...]:
        """Return what the local answers of a conversation would change, in order of time."""
        query = (
            "SELECT requests.at, project, answered, tool, path FROM requests"  # noqa: S608  # names of ours, no values
            f" JOIN deeds ON deeds.id = requests.id WHERE {OF_SESSION} ORDER BY seq, n LIMIT ?"
        )
        found: list[Done] = []
        for row in self._ask(query, [*of_session(session), _MOST_ENTRIES]):
            match row:
                case (float(at), str(project), str(model), str(tool), str(path)):
                    found.append(Done(at, project, model, Deed(tool, path)))
                case _:
                    pass
        return tuple(found)

    def answers(self, session: str) -> Mapping[str, int]:
        """Return how many whole answers each side has given in a conversation."""
        query = (
            f"SELECT served_by, count(*) FROM requests WHERE {OF_SESSION}"  # noqa: S608  # names of ours, no values
            " AND outcome = 'ok' GROUP BY served_by"
        )
        rows = self._ask(query, [*of_session(session)])
        return {by: count for by, count in rows if isinstance(by, str) and isinstance(count, int)}

    def sides(self) -> tuple[Standing, ...]:
        """Return who answers for each account and model, and since when."""
        rows = self._ask("SELECT account, requested, side, since, why FROM sides", [])
        return tuple(
            Standing(Account(account), requested, side, since, why)
            for account, requested, side, since, why in rows
            if isinstance(account, str)
            and isinstance(requested, str)
            and isinstance(side, str)
            and isinstance(since, float)
            and isinstance(why, str)
        )

    def samples(self, account: Account, since: float) -> Mapping[str, tuple[Sample, ...]]:
        """Return what was seen of each window of an account, in order of time."""
        query = (
            "SELECT name, at, used FROM windows WHERE account = ? AND at >= ?"
            " ORDER BY at DESC LIMIT ?"
        )
        found: dict[str, list[Sample]] = {}
        for name, at, used in self._ask(query, [account, since, _MOST_SAMPLES]):
            if isinstance(name, str) and isinstance(at, float) and isinstance(used, float):
                found.setdefault(name, []).append(Sample(at, used))
        return {name: tuple(reversed(samples)) for name, samples in found.items()}

    def _ask(self, query: str, values: Sequence[str | int | float]) -> list[tuple[object, ...]]:
        """Return the rows; none where there is no ledger. Raise :class:`RecordsError`."""
        if not self._path.exists():
            return []
        with looking(self._path) as connection:
            return connection.execute(query, values).fetchall()


@contextlib.contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that cannot write. Raise :class:`RecordsError`, in the block too."""
    try:
        with contextlib.closing(_opened(path)) as connection:
            yield connection
    except (NewerSchemaError, OlderSchemaError) as error:
        raise RecordsError(str(error)) from error
    except sqlite3.Error as error:
        if damaged(error):
            raise RecordsError(
                f"the ledger is damaged ({error}); the gateway sets it aside at its next start"
            ) from error
        raise RecordsError(f"the ledger cannot be read: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
    try:
        refuse_newer(connection)
        refuse_older(connection)
    except BaseException:
        connection.close()
        raise
    until = time.monotonic() + _LONGEST_S
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    return connection


def _json(text: str) -> JSON:
    try:
        return loads(text)
    except NotJSONError:
        return None


def _line(row: tuple[object, ...]) -> Line:
    key, by, requested, hour, *sums = row
    counts = [value if isinstance(value, int) else 0 for value in sums]
    requests, ok, saved, switches, taken, given, cache_read, cache_write = counts[:8]
    ms_all, ms_stream, streamed, *firsts = counts[8:]
    return Line(
        key=str(key * _HOUR_S) if isinstance(key, int) else str(key),
        by=str(by),
        requested=str(requested),
        sums=Sums(
            requests,
            ok,
            saved,
            switches,
            Tokens(taken, given, cache_read, cache_write),
            ms_all / 1000,
            ms_stream / 1000,
            streamed,
            tuple(firsts),
        ),
        last_at=float(hour * _HOUR_S) if isinstance(hour, int) else 0.0,
    )
