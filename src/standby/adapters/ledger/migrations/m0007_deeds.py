"""Which files the calls in a local answer would have changed: the tool and the path of each."""

import sqlite3

__all__ = ["up"]


def up(connection: sqlite3.Connection) -> None:
    """Make the table; its rows go with their requests."""
    connection.execute(
        """
        CREATE TABLE deeds (
            id   TEXT NOT NULL,
            n    INTEGER NOT NULL,
            tool TEXT NOT NULL,
            path TEXT NOT NULL,
            PRIMARY KEY (id, n)
        ) WITHOUT ROWID
        """
    )
    connection.execute(
        """
        CREATE TRIGGER deeds_go AFTER DELETE ON requests BEGIN
            DELETE FROM deeds WHERE id = OLD.id;
        END
        """
    )
