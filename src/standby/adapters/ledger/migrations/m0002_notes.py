"""What of a request the model that answered did not get: a list of sentences, as JSON."""

import sqlite3

__all__ = ["up"]


def up(connection: sqlite3.Connection) -> None:
    """Add the column; the rows that are there have none."""
    connection.execute("ALTER TABLE requests ADD COLUMN notes TEXT NOT NULL DEFAULT '[]'")
