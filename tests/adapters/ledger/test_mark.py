"""How far the ledger had come, kept beside it."""

import stat
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.ledger import mark
from standby.adapters.ledger.file import open_ledger


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger.sqlite3"


@given(row=st.integers(min_value=0, max_value=10**18 - 1))
def test_what_was_noted_is_read_again(tmp_path_factory, row):
    ledger = tmp_path_factory.mktemp("mark") / "ledger.sqlite3"
    mark.write(ledger, 5)
    mark.write(ledger, row)

    assert row == mark.noted(ledger)
    [only] = ledger.parent.iterdir()
    assert 0 == stat.S_IMODE(only.stat().st_mode) & 0o077


@pytest.mark.parametrize("said", [b"", b"-1\n", b"12", b"9" * 40, b"\xff\n", b"1\n2\n"])
def test_what_is_no_mark_is_none(ledger, said):
    ledger.with_name("ledger.sqlite3.mark").write_bytes(said)

    assert 0 == mark.noted(ledger)


def test_without_a_mark_and_behind_a_symlink_there_is_none(ledger):
    assert 0 == mark.noted(ledger)
    elsewhere = ledger.with_name("elsewhere")
    elsewhere.write_bytes(b"7\n")
    ledger.with_name("ledger.sqlite3.mark").symlink_to(elsewhere)

    assert 0 == mark.noted(ledger)


def test_a_mark_can_be_forgotten(ledger):
    mark.write(ledger, 7)
    mark.forget(ledger)
    mark.forget(ledger)

    assert 0 == mark.noted(ledger)


def test_the_last_row_is_told_also_when_it_was_deleted(ledger):
    with closing(open_ledger(ledger, check=False)) as connection:
        empty = mark.last_row(connection)
        columns = connection.execute("SELECT name FROM pragma_table_info('requests')").fetchall()
        names = [name for (name,) in columns if name != "seq"]
        places = ", ".join("?" * len(names))
        connection.execute(
            f"INSERT INTO requests ({', '.join(names)}) VALUES ({places})",  # noqa: S608
            ["0"] * len(names),
        )
        connection.execute("DELETE FROM requests")

        assert (0, 1) == (empty, mark.last_row(connection))


def test_a_mark_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        mark.write(tmp_path / "nowhere" / "ledger.sqlite3", 1)

    assert [] == list(tmp_path.iterdir())
