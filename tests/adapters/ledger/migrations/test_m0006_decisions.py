"""The newest decisions are kept, and go with their requests."""

import sqlite3
from contextlib import closing

from standby.adapters.ledger.migrations import m0001_requests
from standby.adapters.ledger.migrations.m0006_decisions import up


def test_only_the_newest_are_kept():
    with closing(sqlite3.connect(":memory:")) as connection:
        m0001_requests.up(connection)
        up(connection)
        rows = [(f"rq_{number}", "{}") for number in range(5010)]
        connection.executemany("INSERT INTO decisions (id, said) VALUES (?, ?)", rows)
        found = connection.execute("SELECT count(*), min(seq) FROM decisions").fetchall()

    assert [(5000, 11)] == found


def test_a_decision_is_deleted_with_its_request():
    with closing(sqlite3.connect(":memory:")) as connection:
        m0001_requests.up(connection)
        up(connection)
        values = "(1, 'a', 1, '', '', '', '', '', '', '', 200, 1, 1, 1, 1, NULL, 1)"
        connection.execute(f"INSERT INTO requests VALUES {values}")  # noqa: S608  # a constant
        connection.execute("INSERT INTO decisions (id, said) VALUES ('a', '{}')")
        connection.execute("DELETE FROM requests")

        assert [] == connection.execute("SELECT id FROM decisions").fetchall()
