"""Why each request was answered by whom it was: the facts and the votes, of the newest ones."""

import sqlite3

__all__ = ["up"]


def up(connection: sqlite3.Connection) -> None:
    """Make the table, and let the database itself keep it short."""
    connection.execute(
        """
        CREATE TABLE decisions (
            seq  INTEGER PRIMARY KEY AUTOINCREMENT,
            id   TEXT NOT NULL UNIQUE,
            said TEXT NOT NULL
        )
        """
    )
    connection.execute(
        """
        CREATE TRIGGER decisions_come AFTER INSERT ON decisions BEGIN
            DELETE FROM decisions WHERE seq <= NEW.seq - 5000;
        END
        """
    )
    connection.execute(
        """
        CREATE TRIGGER decisions_go AFTER DELETE ON requests BEGIN
            DELETE FROM decisions WHERE id = OLD.id;
        END
        """
    )
