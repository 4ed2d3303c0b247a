"""A look into the ledger is short, by an index wherever there are many rows."""

import sqlite3
from contextlib import closing

import pytest

from standby.adapters.ledger.file import open_ledger
from standby.adapters.ledger.looking import OF_SESSION, Looks, looking, of_session
from standby.ports import RecordsError


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

    assert ((), (), (), ()) == (
        looks.entries(5),
        looks.switches(5),
        looks.sides(),
        looks.lines(0, 9, "hour"),
    )
    assert [] == [*tmp_path.iterdir()]


def test_a_file_that_is_busy_is_told_of(path, monkeypatch):
    monkeypatch.setattr("standby.adapters.ledger.looking._BUSY_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(RecordsError, match="cannot be read"):
            Looks(path).sides()
