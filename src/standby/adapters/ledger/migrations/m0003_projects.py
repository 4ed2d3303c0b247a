"""What project a request is about, whether it was saved, and whether it changed the side.

A row with ``switched`` is the receipt of a switch: who got whose data, when and why.
"""

import sqlite3

__all__ = ["up"]


def up(connection: sqlite3.Connection) -> None:
    """Add the columns, and indexes for one conversation and for the switches."""
    for column in ("project TEXT NOT NULL DEFAULT ''", "saved INTEGER NOT NULL DEFAULT 0"):
        connection.execute(f"ALTER TABLE requests ADD COLUMN {column}")
    connection.execute("ALTER TABLE requests ADD COLUMN switched INTEGER NOT NULL DEFAULT 0")
    # What earlier versions knew of it stands in the reason alone.
    connection.execute(
        """
        UPDATE requests SET saved = 1
        WHERE served_by IN ('local', 'both') AND outcome = 'ok'
          AND why NOT IN ('you chose it', 'the request has no cloud credential')
        """
    )
    connection.execute("CREATE INDEX requests_session ON requests (session)")
    connection.execute("CREATE INDEX requests_switched ON requests (seq) WHERE switched = 1")
