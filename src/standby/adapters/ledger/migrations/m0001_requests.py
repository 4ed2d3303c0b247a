"""The table of requests: one row each, without a word of what was asked or answered."""

import sqlite3

__all__ = ["up"]


def up(connection: sqlite3.Connection) -> None:
    """Make the table. ``seq`` is the order of arrival: a wall clock may go backwards."""
    connection.execute(
        """
        CREATE TABLE requests (
            seq           INTEGER PRIMARY KEY AUTOINCREMENT,
            id            TEXT    NOT NULL UNIQUE,
            at            REAL    NOT NULL,
            session       TEXT    NOT NULL,
            account       TEXT    NOT NULL,
            requested     TEXT    NOT NULL,
            answered      TEXT    NOT NULL,
            served_by     TEXT    NOT NULL,
            why           TEXT    NOT NULL,
            outcome       TEXT    NOT NULL,
            status        INTEGER NOT NULL,
            input         INTEGER NOT NULL,
            output        INTEGER NOT NULL,
            cache_read    INTEGER NOT NULL,
            cache_write   INTEGER NOT NULL,
            first_token_s REAL,
            duration_s    REAL    NOT NULL
        )
        """
    )
    connection.execute("CREATE INDEX requests_at ON requests (at)")
