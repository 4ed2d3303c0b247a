"""Sums by the hour, kept by the database itself with each row that comes and each that goes.

Triggers keep them, so that they hold whoever writes or deletes, in the same transaction, and a row
that is stored twice counts once. Two tables: by the hour, and by the hour and conversation.
"""

import sqlite3
from itertools import pairwise
from typing import Final

__all__ = ["BOUNDS_S", "FILL", "TRIGGERS", "up"]

# Upper bounds of the classes of the time to the first token, in seconds; the last class is open.
# Each is 1.414 times the one before, so a quantile read from them is off by a fifth at most.
BOUNDS_S: Final = tuple(round(0.05 * 2 ** (i / 2), 4) for i in range(25))

_KEYS: Final = ("served_by", "requested", "answered", "project")
_TABLES: Final = {"hours": ("hour", *_KEYS), "session_hours": ("hour", "session", *_KEYS)}
_FIRSTS: Final = tuple(f"first_{i:02}" for i in range(len(BOUNDS_S) + 1))
_SUMS: Final = (
    *("requests", "ok", "saved", "switches", "input", "output", "cache_read", "cache_write"),
    *("duration_ms", "stream_ms", "stream_output", *_FIRSTS),
)


def _key(name: str, row: str) -> str:
    match name:
        case "hour":
            return f"CAST({row}at / 3600 AS INTEGER)"
        case "session":  # what its subagents ask belongs to a conversation
            return f"substr({row}session, 1, instr({row}session || '/', '/') - 1)"
        case _:
            return f"{row}{name}"


def _values(row: str, switched: str) -> tuple[str, ...]:
    """Return what one row adds to each sum, as expressions."""
    edges = (None, *BOUNDS_S, None)
    first = f"{row}first_token_s"
    streams = f"{first} IS NOT NULL AND {row}duration_s > {first} AND {row}output > 0"
    return (
        *("1", f"{row}outcome = 'ok'", f"{row}saved", switched),
        *(f"{row}{name}" for name in ("input", "output", "cache_read", "cache_write")),
        f"CAST(round({row}duration_s * 1000) AS INTEGER)",
        f"CASE WHEN {streams} THEN CAST(round(({row}duration_s - {first}) * 1000) AS INTEGER)"
        " ELSE 0 END",
        f"CASE WHEN {streams} THEN {row}output ELSE 0 END",
        *(
            f"({first} IS NOT NULL"
            + (f" AND {first} >= {low}" if low is not None else "")
            + (f" AND {first} < {high})" if high is not None else ")")
            for low, high in pairwise(edges)
        ),
    )


def _table(name: str) -> str:
    keys = _TABLES[name]
    columns = [f"{key} {'INTEGER' if key == 'hour' else 'TEXT'} NOT NULL" for key in keys]
    columns += [f"{total} INTEGER NOT NULL DEFAULT 0" for total in _SUMS]
    return (
        f"CREATE TABLE {name} ({', '.join(columns)}, PRIMARY KEY ({', '.join(keys)})) WITHOUT ROWID"
    )


def _add(name: str) -> str:
    keys = _TABLES[name]
    switched = "(SELECT switched FROM requests WHERE seq = NEW.seq)"
    values = [*(_key(key, "NEW.") for key in keys), *_values("NEW.", switched)]
    grown = ", ".join(f"{total} = {total} + excluded.{total}" for total in _SUMS)
    return (
        f"INSERT INTO {name} ({', '.join((*keys, *_SUMS))}) VALUES ({', '.join(values)})"  # noqa: S608  # names of ours, no values
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {grown};"
    )


def _take(name: str) -> str:
    keys = _TABLES[name]
    same = " AND ".join(f"{key} = {_key(key, 'OLD.')}" for key in keys)
    values = zip(_SUMS, _values("OLD.", "OLD.switched"), strict=True)
    less = ", ".join(f"{total} = {total} - ({value})" for total, value in values)
    return (
        f"UPDATE {name} SET {less} WHERE {same};"  # noqa: S608  # names of ours, no values
        f" DELETE FROM {name} WHERE {same} AND requests <= 0;"
    )


def _fill(name: str) -> str:
    keys = _TABLES[name]
    groups = [_key(key, "") for key in keys]
    totals = [f"sum({value})" for value in _values("", "switched")]
    return (
        f"INSERT INTO {name} ({', '.join((*keys, *_SUMS))})"  # noqa: S608  # names of ours, no values
        f" SELECT {', '.join((*groups, *totals))} FROM requests"
        f" GROUP BY {', '.join(groups)}"
    )


_SIDE: Final = "CASE NEW.served_by WHEN 'cloud' THEN 'cloud' ELSE 'local' END"
_SERVED: Final = "NEW.outcome = 'ok' AND NEW.served_by IN ('cloud', 'local', 'both')"
_SWITCHED: Final = f"""
    UPDATE requests SET switched = 1
    WHERE seq = NEW.seq AND {_SERVED} AND EXISTS (
        SELECT 1 FROM sides
        WHERE account = NEW.account AND requested = NEW.requested AND side <> {_SIDE}
    );
    INSERT INTO sides (account, requested, side, since, why)
    SELECT NEW.account, NEW.requested, {_SIDE}, NEW.at, NEW.why WHERE {_SERVED}
    ON CONFLICT (account, requested) DO UPDATE
    SET side = excluded.side, since = excluded.since, why = excluded.why
    WHERE side <> excluded.side;
"""  # noqa: S608  # constants
TRIGGERS: Final = {
    "requests_come": "CREATE TRIGGER requests_come AFTER INSERT ON requests BEGIN"
    f" {_SWITCHED} {' '.join(_add(name) for name in _TABLES)} END",
    "requests_go": "CREATE TRIGGER requests_go AFTER DELETE ON requests BEGIN"
    f" {' '.join(_take(name) for name in _TABLES)} END",
}
"""What keeps the sums: each row that comes and each that goes."""
FILL: Final = tuple(_fill(name) for name in _TABLES)
"""What makes the sums out of the rows, where there are none yet."""


def up(connection: sqlite3.Connection) -> None:
    """Make the tables, add up what there is, and set the triggers.

    Of earlier rows no switch is known: they are told from one request to the next as they come.
    """
    for name in _TABLES:
        connection.execute(_table(name))
    connection.execute(
        """
        CREATE TABLE sides (
            account   TEXT NOT NULL,
            requested TEXT NOT NULL,
            side      TEXT NOT NULL,
            since     REAL NOT NULL,
            why       TEXT NOT NULL,
            PRIMARY KEY (account, requested)
        ) WITHOUT ROWID
        """
    )
    for statement in (*FILL, *TRIGGERS.values()):
        connection.execute(statement)
