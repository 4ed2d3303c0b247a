"""From blank and from every schema released, the steps lead to the same ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from standby.adapters.ledger.rows import NEWEST, entry
from standby.adapters.ledger.schema import (
    NewerSchemaError,
    migrate,
    refuse_newer,
    steps,
    transaction,
)
from standby.core.usage import Entry, Tokens

RELEASED = sorted((Path(__file__).parents[2] / "golden" / "ledger").glob("schema-*.sql"))
KEPT = Entry(
    id="req_1",
    at=1_800_000_000.5,
    session="session",
    account="account",
    requested="claude",
    answered="tiny",
    by="local",
    why="the 5-hour limit",
    outcome="ok",
    status=200,
    tokens=Tokens(10, 20, 30, 40),
    first_token_s=None,
    duration_s=1.5,
    saved=True,
)


def connect(path=":memory:"):
    return closing(sqlite3.connect(path, isolation_level=None))


def schema(connection):
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name")
    return [" ".join(sql.split()) for (sql,) in rows]


def version(connection):
    return connection.execute("PRAGMA user_version").fetchone()[0]


def test_steps_are_numbered_without_gaps():
    found = steps()

    assert [*range(1, len(found) + 1)] == [step.number for step in found]
    assert all(callable(step.up) for step in found)


def test_every_schema_but_the_blank_one_has_been_recorded():
    assert [f"schema-{step.number:04}.sql" for step in steps()] == [path.name for path in RELEASED]


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_released_ledger_becomes_the_newest_and_keeps_its_rows(path):
    with connect() as blank, connect() as old:
        migrate(blank)
        old.executescript(path.read_text())

        migrate(old)

        assert schema(blank) == schema(old)
        assert len(steps()) == version(old) == version(blank)
        assert [KEPT] == [entry(row) for row in old.execute(NEWEST, (10,))]


def test_each_recorded_schema_is_what_its_step_makes():
    with connect() as made:
        for step, path in zip(steps(), RELEASED, strict=True):
            step.up(made)
            with connect() as recorded:
                recorded.executescript(path.read_text())
                assert schema(recorded) == schema(made)


def test_a_ledger_of_a_later_version_is_left_alone():
    with connect() as connection:
        connection.execute("CREATE TABLE later (a)")
        connection.execute("PRAGMA user_version = 99")

        with pytest.raises(NewerSchemaError, match="schema 99, written by a later version"):
            refuse_newer(connection)

        assert ["CREATE TABLE later (a)"] == schema(connection)


def test_a_step_is_taken_whole_or_not_at_all():
    with connect() as connection:
        connection.execute("CREATE TABLE requests_at (a)")

        with pytest.raises(sqlite3.OperationalError, match="requests_at"):
            migrate(connection)

        assert ["CREATE TABLE requests_at (a)"] == schema(connection)
        assert 0 == version(connection)


def half(connection):
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO no_such VALUES (1)")


def test_a_transaction_is_written_whole_or_not_at_all(tmp_path):
    with connect(tmp_path / "a") as connection:
        connection.execute("CREATE TABLE t (a)")
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            half(connection)

        assert not connection.in_transaction
        assert [] == connection.execute("SELECT * FROM t").fetchall()
