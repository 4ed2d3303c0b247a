"""The past as it is replayed: requests with what was kept of their decisions, and the windows."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from standby.adapters.ledger.looking import looking
from standby.adapters.ledger.rows import COLUMNS, entry
from standby.core.policy.metering import Row, Seen
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["SqliteHistory"]

_ROWS: Final = f"""
    SELECT seq, (SELECT said FROM decisions WHERE decisions.id = requests.id), {COLUMNS}
    FROM requests WHERE seq > ? AND at >= ? ORDER BY seq LIMIT ?
"""  # noqa: S608  # constants
_WINDOWS: Final = """
    SELECT account, name, at, used, resets_at FROM windows WHERE at >= ? ORDER BY at LIMIT ?
"""
_MOST_ROWS: Final = 5000
_MOST_SEEN: Final = 200_000


class SqliteHistory:
    """Implements the port ``History``. Each look is a connection of its own and ends soon."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def rows(self, since: float, after: int, limit: int) -> tuple[tuple[int, Row], ...]:
        """Return requests since a moment, in the order in which they were booked."""
        values = [after, since, max(0, min(limit, _MOST_ROWS))]
        found = await asyncio.to_thread(self._ask, _ROWS, values)
        rows: list[tuple[int, Row]] = []
        for seq, said, *columns in found:
            one = entry(tuple(columns))
            if isinstance(seq, int) and one is not None:
                rows.append((seq, Row(one, _object(said))))
        return tuple(rows)

    async def windows(self, since: float) -> tuple[Seen, ...]:
        """Return what the cloud said of windows since a moment, in order of time."""
        found = await asyncio.to_thread(self._ask, _WINDOWS, [since, _MOST_SEEN])
        return tuple(one for row in found if (one := _seen(row)) is not None)

    def _ask(self, query: str, values: Sequence[float]) -> list[tuple[object, ...]]:
        if not self._path.exists():
            return []
        with looking(self._path) as connection:
            return connection.execute(query, values).fetchall()


def _seen(row: tuple[object, ...]) -> Seen | None:
    match row:
        case (str(account), str(name), float(at), float(used), (float() | None) as resets_at):
            return Seen(account, name, at, used, resets_at)
        case _:
            return None


def _object(said: object) -> dict[str, JSON] | None:
    if not isinstance(said, str):
        return None
    try:
        value = loads(said)
    except NotJSONError:
        return None
    return value if isinstance(value, dict) else None
