"""A look into the ledger is short, by an index wherever there are many rows."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from standby.adapters.ledger.file import open_ledger
from standby.adapters.ledger.looking import (
    CHANGING,
    NEXT_SESSION,
    OF_SESSION,
    Looks,
    looking,
    of_session,
)
from standby.adapters.ledger.rows import DID, insert, row
from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed
from standby.ports import RecordsError

ONE = Entry(*("r", 0.0, "s", "a", "opus", "opus", "cloud", "why", "ok", 200, Tokens(), None, 1.0))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    open_ledger(path, check=False).close()
    return path


def test_one_conversation_is_found_by_its_index(path):
    query = f"SELECT seq FROM requests WHERE +seq > ? AND {OF_SESSION} ORDER BY seq DESC LIMIT ?"  # noqa: S608
    with looking(path) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", (0, *of_session("s"), 9))
        steps = " ".join(row[3] for row in plan)

    assert 2 == steps.count("USING COVERING INDEX requests_session")
    assert "SCAN requests" not in steps


def test_a_look_cannot_write(path):
    with (
        pytest.raises(RecordsError, match="readonly"),
        looking(path) as connection,
    ):
        connection.execute("DELETE FROM requests")


def test_where_there_is_no_ledger_none_is_made(tmp_path):
    looks = Looks(tmp_path / "nothing")

    assert looks.changing() is None
    assert ((), (), (), ()) == (
        looks.entries(5),
        looks.switches(5),
        looks.sides(),
        looks.lines(0, 9, "hour"),
    )
    assert [] == [*tmp_path.iterdir()]


def test_what_was_changed_in_a_conversation_is_found_by_its_requests(path):
    with closing(open_ledger(path, check=False)) as connection:
        for name, session, by in (
            ("a", "s/helper", "local"),
            ("b", "s", "cloud"),
            ("c", "t", "local"),
        ):
            one = replace(ONE, id=name, session=session, by=by)
            connection.execute(insert(1), row(one))
        connection.executemany(DID, [("a", 1, "Bash", ""), ("a", 0, "Write", "x.py")])
    looks = Looks(path)

    assert "s" == looks.changing()
    assert [Deed("Write", "x.py"), Deed("Bash")] == [one.deed for one in looks.deeds("s")]
    assert () == looks.deeds("t")
    assert {"local": 1, "cloud": 1} == looks.answers("s")


def test_conversations_are_found_by_how_their_ids_begin_and_subagents_belong_to_theirs(path):
    names = ("ab/x", "ab/y", "ab", "ab-c/x", "ab0", "a", "b", "ab~é", "AB")
    with closing(open_ledger(path, check=False)) as connection:
        for at, name in enumerate(names):
            connection.execute(insert(1), row(replace(ONE, id=str(at), session=name)))
    looks = Looks(path)

    assert ("ab", "ab-c", "ab0", "ab~é") == looks.sessions("ab", 9)
    assert ("ab", "ab-c") == looks.sessions("ab", 2)
    assert ("ab",) == looks.sessions("ab/", 9)
    assert () == looks.sessions("c", 9)


def test_conversations_are_looked_up_by_their_index(path):
    with looking(path) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {NEXT_SESSION}", ("a", "b")).fetchall()

    assert ["SEARCH requests USING COVERING INDEX requests_session (session>? AND session<?)"] == [
        row[3] for row in plan
    ]


def test_the_newest_change_is_found_without_going_through_all_requests(path):
    with looking(path) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {CHANGING}").fetchall()
    steps = " ".join(row[3] for row in plan)

    assert "SCAN d" in steps
    assert "SCAN r" not in steps


def test_a_file_that_is_busy_is_told_of(path, monkeypatch):
    monkeypatch.setattr("standby.adapters.ledger.looking._BUSY_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(RecordsError, match="cannot be read"):
            Looks(path).sides()
