"""The sums are those of the rows, whatever came, came twice, and went."""

import sqlite3
from contextlib import closing
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.ledger.migrations.m0004_sums import BOUNDS_S, FILL, TRIGGERS
from standby.adapters.ledger.rows import insert, row
from standby.adapters.ledger.schema import migrate, steps
from standby.core.usage import Entry, Tokens, sums

HOUR = 3600.0

counts = st.integers(0, 10**9)
entries = st.builds(
    Entry,
    id=st.sampled_from([f"r{i}" for i in range(8)]),
    at=st.floats(0, 4 * HOUR),
    session=st.sampled_from(["", "s", "s/agent", "t"]),
    account=st.sampled_from(["a", "b"]),
    requested=st.sampled_from(["opus", "haiku"]),
    answered=st.sampled_from(["opus", "tiny", ""]),
    by=st.sampled_from(["cloud", "local", "both", "gateway", "nobody"]),
    why=st.just("why"),
    outcome=st.sampled_from(["ok", "refused", "cancelled"]),
    status=st.just(200),
    tokens=st.builds(Tokens, counts, counts, counts, counts),
    first_token_s=st.none() | st.floats(0, 500) | st.sampled_from(BOUNDS_S),
    duration_s=st.floats(0, 1000),
    project=st.sampled_from(["", "/work"]),
    saved=st.booleans(),
)


def opened():
    return closing(sqlite3.connect(":memory:", isolation_level=None))


def book(connection, *some):
    connection.execute(insert(len(some)), [*chain.from_iterable(map(row, some))])


def told(connection):
    return [
        connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5, 6").fetchall()  # noqa: S608
        for table in ("hours", "session_hours")
    ]


@given(st.lists(entries, min_size=1, max_size=12), st.sets(st.integers(1, 12)))
def test_sums_kept_row_by_row_are_those_of_the_rows_that_are_there(some, gone):
    with opened() as connection:
        migrate(connection)
        for one in some:
            book(connection, one)
        connection.execute(insert(len(some)), [*chain.from_iterable(map(row, some))])  # once more
        for seq in gone:
            connection.execute("DELETE FROM requests WHERE seq = ?", (seq,))
        kept = told(connection)

        for table in ("hours", "session_hours"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        for statement in FILL:
            connection.execute(statement)

        assert told(connection) == kept


def one(number, by, at=0.0, outcome="ok", requested="opus"):
    return Entry(
        id=f"r{number}",
        at=at,
        session="s",
        account="a",
        requested=requested,
        answered="",
        by=by,
        why=f"why {number}",
        outcome=outcome,
        status=200,
        tokens=Tokens(),
        first_token_s=None,
        duration_s=1.0,
    )


def test_a_switch_is_where_another_side_answers_the_same_account_and_model():
    with opened() as connection:
        migrate(connection)
        for number, by in enumerate(["cloud", "cloud", "local", "both", "nobody", "cloud"]):
            outcome = "refused" if by == "nobody" else "ok"
            book(connection, one(number, by, at=float(number), outcome=outcome))
        book(connection, one(9, "local", requested="local/tiny"))

        switched = connection.execute("SELECT id FROM requests WHERE switched = 1").fetchall()
        sides = connection.execute("SELECT * FROM sides ORDER BY requested").fetchall()
        [(counted,)] = connection.execute("SELECT sum(switches) FROM hours")

    assert [("r2",), ("r5",)] == switched
    assert 2 == counted
    assert [
        ("a", "local/tiny", "local", 0.0, "why 9"),
        ("a", "opus", "cloud", 5.0, "why 5"),
    ] == sides


def test_the_classes_of_times_are_those_of_the_core():
    assert sums.BOUNDS_S == BOUNDS_S


def test_rows_from_before_are_added_up():
    with opened() as connection:
        for step in steps()[:3]:
            step.up(connection)
        book(connection, one(1, "cloud"), one(2, "local"), one(3, "local"))
        steps()[3].up(connection)

        found = connection.execute("SELECT served_by, requests FROM hours ORDER BY 1").fetchall()

    assert [("cloud", 1), ("local", 2)] == found
    assert {"requests_come", "requests_go"} == set(TRIGGERS)
