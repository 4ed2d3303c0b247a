"""What the cloud said of each window: only changes, at most one a minute, of each the newest.

From these the end of a window is foretold; a few weeks of them are enough.
"""

import sqlite3

__all__ = ["up"]


def up(connection: sqlite3.Connection) -> None:
    """Make the table, and let the database itself keep it short."""
    connection.execute(
        """
        CREATE TABLE windows (
            account   TEXT NOT NULL,
            name      TEXT NOT NULL,
            at        REAL NOT NULL,
            used      REAL NOT NULL,
            resets_at REAL,
            PRIMARY KEY (account, name, at)
        ) WITHOUT ROWID
        """
    )
    connection.execute(
        """
        CREATE TRIGGER windows_come AFTER INSERT ON windows BEGIN
            DELETE FROM windows
            WHERE account = NEW.account AND name = NEW.name AND at <= (
                SELECT at FROM windows WHERE account = NEW.account AND name = NEW.name
                ORDER BY at DESC LIMIT 1 OFFSET 5000
            );
        END
        """
    )
