"""The ledger read from the first row to the last, and deleted from, beside a writer."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from standby.adapters.ledger.file import open_ledger
from standby.adapters.ledger.handing import Chosen, count, deeds, delete, export
from standby.adapters.ledger.rows import DID, insert, row
from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed
from standby.ports import RecordsError

ONE = Entry(
    *("r", 0.0, "s", "a", "opus", "opus", "cloud", "why", "ok", 200, Tokens(), None, 1.0),
    project="/canary-project-77",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def writer(path):
    with closing(open_ledger(path, check=False)) as connection:
        for i in range(2500):
            one = replace(ONE, id=f"r{i}", at=float(i), session="s" if i % 2 else "t/agent")
            connection.execute(insert(1), row(one))
        connection.executemany(DID, [("r0", 0, "Write", "a"), ("r1", 0, "Write", "b")])
        connection.execute("INSERT INTO windows VALUES ('a', '5h', 1, 0.5, NULL)")
        yield connection


@pytest.mark.usefixtures("writer")
def test_all_rows_come_in_order_a_page_at_a_time(path):
    assert [f"r{i}" for i in range(2500)] == [one.id for one in export(path, Chosen())]
    assert 1250 == len(list(export(path, Chosen(session="t"))))
    assert (2500, 1250, 100) == (
        count(path, Chosen()),
        count(path, Chosen(session="s")),
        count(path, Chosen(before=100.0)),
    )


def sums(connection):
    return [
        connection.execute(f"SELECT coalesce(sum(requests), 0) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("hours", "session_hours")
    ]


def test_rows_are_deleted_beside_a_writer_and_the_sums_follow(path, writer):
    assert 1250 == delete(path, Chosen(session="t"))
    assert [1250, 1250] == sums(writer)
    assert 1 == writer.execute("SELECT count(*) FROM windows").fetchone()[0]
    assert [("r1",)] == writer.execute("SELECT id FROM deeds").fetchall()

    assert 50 == delete(path, Chosen(before=100.0))
    assert 0 == writer.execute("SELECT count(*) FROM windows").fetchone()[0]
    assert 1200 == delete(path, Chosen())
    assert [0, 0] == sums(writer)


def test_what_is_deleted_is_not_in_the_file_any_more(path):
    with closing(open_ledger(path, check=False)) as connection:
        connection.execute(insert(1), row(ONE))
    assert b"/canary-project-77" in path.read_bytes()

    delete(path, Chosen(project="/canary-project-77"))

    found = [file.name for file in path.parent.iterdir() if b"canary" in file.read_bytes()]
    assert [] == found


def test_a_ledger_of_a_later_version_is_left_alone(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    path.chmod(0o600)

    with pytest.raises(RecordsError, match="later version"):
        delete(path, Chosen())
    with pytest.raises(RecordsError, match="later version"):
        list(export(path, Chosen()))


def test_a_damaged_ledger_is_told_of(path):
    path.write_bytes(b"no database" * 100)

    with pytest.raises(RecordsError, match="the ledger cannot be written"):
        delete(path, Chosen())


@pytest.mark.usefixtures("writer")
def test_what_was_changed_is_taken_out_by_request(path, tmp_path):
    assert {"r0": (Deed("Write", "a"),), "r1": (Deed("Write", "b"),)} == deeds(path)
    assert {} == deeds(tmp_path / "nothing")
