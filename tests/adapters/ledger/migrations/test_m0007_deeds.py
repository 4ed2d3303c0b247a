"""What an answer would change is kept once, and goes with its request."""

import sqlite3
from contextlib import closing

import pytest

from standby.adapters.ledger.migrations import m0001_requests
from standby.adapters.ledger.migrations.m0007_deeds import up


def test_a_deed_is_kept_once_and_deleted_with_its_request():
    with closing(sqlite3.connect(":memory:")) as connection:
        m0001_requests.up(connection)
        up(connection)
        values = "(1, 'a', 1, '', '', '', '', '', '', '', 200, 1, 1, 1, 1, NULL, 1)"
        connection.execute(f"INSERT INTO requests VALUES {values}")  # noqa: S608  # a constant
        connection.execute("INSERT INTO deeds VALUES ('a', 0, 'Write', 'x.py')")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO deeds VALUES ('a', 0, 'Edit', 'y.py')")
        connection.execute("INSERT INTO deeds VALUES ('b', 0, 'Write', 'x.py')")
        connection.execute("DELETE FROM requests")

        assert [("b",)] == connection.execute("SELECT id FROM deeds").fetchall()
