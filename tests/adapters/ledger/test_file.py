"""The file of the ledger is ours alone, and a damaged one is kept under another name."""

import os
import sqlite3
import threading
from contextlib import closing

import pytest

from standby.adapters.ledger import file
from standby.adapters.ledger.file import (
    DamagedError,
    RefusedError,
    damaged,
    open_ledger,
    set_aside,
)

NOW = 1_800_000_000.0
posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are of POSIX")


@pytest.fixture(autouse=True)
def a_careless_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@posix
def test_all_its_files_are_ours_alone_whatever_the_umask(tmp_path):
    with closing(open_ledger(tmp_path / "new" / "l", check=True)):
        assert {"l": 0o600, "l-wal": 0o600, "l-shm": 0o600} == modes(tmp_path / "new")
    assert 0o700 == (tmp_path / "new").stat().st_mode & 0o777


@posix
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    with closing(open_ledger(tmp_path / "l", check=True)):
        for path in tmp_path.iterdir():
            path.chmod(0o644)

        with closing(open_ledger(tmp_path / "l", check=True)):
            assert {0o600} == {*modes(tmp_path).values()}


@posix
def test_a_symlink_is_refused(tmp_path):
    (tmp_path / "l").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RefusedError, match="no symlink"):
        open_ledger(tmp_path / "l", check=True)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_file_of_another_user_is_refused(tmp_path):
    open_ledger(tmp_path / "l", check=True).close()
    os.chown(tmp_path / "l", 12345, 12345)

    with pytest.raises(RefusedError, match="another user"):
        open_ledger(tmp_path / "l", check=True)


def test_it_is_a_write_ahead_log_with_a_limit_and_patience(tmp_path):
    with closing(open_ledger(tmp_path / "l", check=False)) as connection:
        asked = ("journal_mode", "synchronous", "busy_timeout", "journal_size_limit")
        assert ["wal", 1, 5000, 4 * 1024 * 1024] == [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked
        ]


def test_garbage_is_told_from_a_ledger(tmp_path):
    (tmp_path / "l").write_bytes(b"this is no database at all" * 100)

    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_ledger(tmp_path / "l", check=True)

    assert damaged(caught.value)


def test_a_flipped_page_is_found(tmp_path):
    with closing(open_ledger(tmp_path / "l", check=True)) as connection:
        for number in range(9):
            connection.execute(f"CREATE TABLE t{number} (a)")
    data = bytearray((tmp_path / "l").read_bytes())
    data[3 * 4096 : 3 * 4096 + 64] = os.urandom(64)
    (tmp_path / "l").write_bytes(data)

    with pytest.raises((DamagedError, sqlite3.DatabaseError)):
        open_ledger(tmp_path / "l", check=True)


def test_an_ordinary_trouble_is_no_damage():
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(sqlite3.OperationalError) as caught,
    ):
        connection.execute("SELECT * FROM nothing")

    assert not damaged(caught.value)


def test_a_damaged_ledger_is_kept_with_what_belongs_to_it(tmp_path):
    for name in ("l", "l-wal"):
        (tmp_path / name).write_text(name)

    aside = set_aside(tmp_path / "l", NOW)

    assert "l.damaged-20270115-080000" == aside.name
    assert {aside.name: "l", aside.name + "-wal": "l-wal"} == {
        path.name: path.read_text() for path in tmp_path.iterdir()
    }


class Endless:
    """A connection to a ledger so large that a check of it ends only when it is called off."""

    def __init__(self, code=sqlite3.SQLITE_INTERRUPT):
        self.called_off = threading.Event()
        self.code = code

    def execute(self, _statement):
        assert self.called_off.wait(10), "nobody called it off"
        error = sqlite3.OperationalError("interrupted")
        error.sqlite_errorcode = self.code
        raise error

    def interrupt(self):
        self.called_off.set()


def test_a_ledger_of_any_size_is_looked_through_for_so_long_and_no_longer():
    endless = Endless()
    file._check(endless, 0.01)

    assert endless.called_off.is_set()


def test_what_else_goes_wrong_within_the_check_is_told():
    with pytest.raises(sqlite3.OperationalError):
        file._check(Endless(sqlite3.SQLITE_IOERR), 0.01)


def test_nobody_calls_off_what_comes_after_the_check(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "CHECK_S", 60.0)
    before = {*threading.enumerate()}
    with closing(open_ledger(tmp_path / "l", check=True)):
        pass

    assert before >= {*threading.enumerate()}
