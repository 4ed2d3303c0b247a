"""Of each window the newest samples are kept, and no more than a bound."""

import sqlite3
from contextlib import closing

from standby.adapters.ledger.migrations.m0005_windows import up


def test_only_the_newest_samples_of_each_window_are_kept():
    with closing(sqlite3.connect(":memory:")) as connection:
        up(connection)
        rows = [("a", name, float(at), 0.5, None) for name in ("5h", "7d") for at in range(5010)]
        connection.executemany("INSERT INTO windows VALUES (?, ?, ?, ?, ?)", rows[:5030])

        found = connection.execute(
            "SELECT name, count(*), min(at) FROM windows GROUP BY name"
        ).fetchall()

    assert [("5h", 5000, 10.0), ("7d", 20, 0.0)] == found
