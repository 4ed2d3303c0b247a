"""Room is laid by where there is plenty, once, for us alone; given up, it is there for others."""

import sqlite3
import stat
import sys

import pytest

from standby.adapters.ledger import ballast
from standby.adapters.ledger.ballast import SIZE_BYTES, Ballast, is_full


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger.db"


def test_it_takes_room_once_and_gives_it_up_once(ledger, caplog):
    room = Ballast(ledger)
    room.lay()
    (file,) = ledger.parent.iterdir()
    before = file.read_bytes()
    room.lay()

    assert SIZE_BYTES == len(before)
    assert before == file.read_bytes()
    assert room.drop()
    assert not room.drop()
    assert [] == [*ledger.parent.iterdir()]
    assert 1 == caplog.text.count("the disk is full")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_it_is_ours_alone(ledger):
    Ballast(ledger).lay()

    (file,) = ledger.parent.iterdir()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_where_there_is_little_room_none_is_taken(ledger, monkeypatch):
    monkeypatch.setattr(ballast, "PLENTY_BYTES", 2**80)
    Ballast(ledger).lay()

    assert [] == [*ledger.parent.iterdir()]


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path):
    room = Ballast(tmp_path / "nowhere" / "ledger.db")
    room.lay()

    assert not room.drop()


def test_a_full_database_is_told_from_other_troubles():
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as full:
        connection.execute("CREATE TABLE a AS SELECT randomblob(100000) AS b")
    with pytest.raises(sqlite3.OperationalError) as other:
        connection.execute("SELECT nonsense")
    connection.close()

    assert is_full(full.value)
    assert not is_full(other.value)
