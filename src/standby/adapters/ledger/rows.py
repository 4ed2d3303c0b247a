"""Entries as rows of the ledger, and back."""

import math
from typing import Final

from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed
from standby.core.wire.json import NotJSONError, dumps, loads

__all__ = [
    "COLUMNS",
    "DECIDED",
    "DID",
    "NEWEST",
    "OLDEST",
    "SAW",
    "deed_row",
    "entry",
    "insert",
    "row",
]

COLUMNS: Final = (
    "id, at, session, account, requested, answered, served_by, why, outcome, status,"
    " input, output, cache_read, cache_write, first_token_s, duration_s, notes, project, saved"
)
_PLACES: Final = f"({', '.join('?' * 19)})"
NEWEST: Final = f"SELECT {COLUMNS} FROM requests ORDER BY seq DESC LIMIT ?"  # noqa: S608  # constants
OLDEST: Final = (
    "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE at < ? ORDER BY at LIMIT ?)"
)
_MOST: Final = 2**63 - 1

# One a minute at most, unless it was reset: the figures of API keys change with each request.
SAW: Final = """
    INSERT INTO windows (account, name, at, used, resets_at)
    SELECT :account, :name, :at, :used, :resets_at
    WHERE NOT EXISTS (
        SELECT 1 FROM (
            SELECT at, used, resets_at FROM windows
            WHERE account = :account AND name = :name AND at <= :at  -- the clock may go back
            ORDER BY at DESC LIMIT 1
        )
        WHERE resets_at IS :resets_at AND (used = :used OR at > :at - 60)
    )
    ON CONFLICT (account, name, at) DO NOTHING
"""
"""Stores what the cloud said of a window, if it is news."""

DECIDED: Final = "INSERT INTO decisions (id, said) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"
"""Stores why a request was answered by whom it was."""

DID: Final = """
    INSERT INTO deeds (id, n, tool, path)
    SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM requests WHERE id = ?1)
    ON CONFLICT (id, n) DO NOTHING
"""
"""Stores what a call in an answer would change. Without its request it would never go."""

Row = tuple[str | int | float | None, ...]


def insert(count: int) -> str:
    """Return the statement that stores so many rows; one that is there already stays as it is."""
    places = ", ".join([_PLACES] * count)
    return f"INSERT INTO requests ({COLUMNS}) VALUES {places} ON CONFLICT (id) DO NOTHING"  # noqa: S608  # constants


def row(one: Entry) -> Row:
    """Return an entry as the database can hold it, whatever a peer has put into its fields."""
    return (
        *map(_text, (one.id,)),
        _number(one.at),
        *map(_text, (one.session, one.account, one.requested, one.answered)),
        *map(_text, (one.by, one.why, one.outcome)),
        _whole(one.status),
        _whole(one.tokens.input),
        _whole(one.tokens.output),
        _whole(one.tokens.cache_read),
        _whole(one.tokens.cache_write),
        None if one.first_token_s is None else _number(one.first_token_s),
        _number(one.duration_s),
        dumps([_text(note) for note in one.notes]).decode(),
        _text(one.project),
        int(one.saved),
    )


def deed_row(request: str, at: int, deed: Deed) -> tuple[str | int, ...]:
    """Return what a call would change as the database can hold it."""
    return (_text(request), at, _text(deed.tool), _text(deed.path))


def entry(values: object) -> Entry | None:
    """Return the entry of a row; ``None`` when it is none of ours."""
    match values:
        case (
            str(id_),
            float(at),
            str(session),
            str(account),
            str(requested),
            str(answered),
            str(by),
            str(why),
            str(outcome),
            int(status),
            int(taken),
            int(given),
            int(cache_read),
            int(cache_write),
            (float() | None) as first_token_s,
            float(duration_s),
            str(notes),
            str(project),
            int(saved),
        ):
            return Entry(
                id=id_,
                at=at,
                session=session,
                account=account,
                requested=requested,
                answered=answered,
                by=by,
                why=why,
                outcome=outcome,
                status=status,
                tokens=Tokens(taken, given, cache_read, cache_write),
                first_token_s=first_token_s,
                duration_s=duration_s,
                notes=_notes(notes),
                project=project,
                saved=bool(saved),
            )
        case _:
            return None


def _notes(text: str) -> tuple[str, ...]:
    try:
        value = loads(text)
    except NotJSONError:
        return ()
    return tuple(note for note in value if isinstance(note, str)) if isinstance(value, list) else ()


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be stored


def _whole(value: int) -> int:
    return max(-_MOST, min(value, _MOST))


def _number(value: float) -> float:
    return float(value) if math.isfinite(value) else 0.0
