"""Files of ours are 0600, whole, and nobody's symlink."""

import os
import stat
import threading

import pytest

from standby.adapters.host.private import (
    UnsafeFileError,
    append_private,
    create_private,
    prepared_private,
    private_folder,
    read_private,
    write_private,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and owners are of POSIX")


@pytest.fixture(autouse=True)
def a_careless_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_is_made_for_us_alone(tmp_path):
    write_private(tmp_path / "a", b"1")
    create_private(tmp_path / "b", b"2")
    os.close(append_private(tmp_path / "c"))

    assert [0o600] * 3 == [mode(tmp_path / name) for name in "abc"]
    assert {"a", "b", "c"} == {path.name for path in tmp_path.iterdir()}


def test_a_file_is_replaced_whole(tmp_path):
    write_private(tmp_path / "a", b"old and long")
    write_private(tmp_path / "a", b"new")

    assert b"new" == read_private(tmp_path / "a")


def test_of_two_who_make_a_file_one_does(tmp_path):
    start = threading.Barrier(8)
    made = []

    def make(number):
        start.wait(5)
        made.append((create_private(tmp_path / "a", b"%d" % number * 1000), number))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    [winner] = [number for did, number in made if did]
    assert b"%d" % winner * 1000 == read_private(tmp_path / "a")
    assert ["a"] == [path.name for path in tmp_path.iterdir()]


def test_a_file_that_is_not_there_is_none(tmp_path):
    assert read_private(tmp_path / "a") is None


@pytest.mark.parametrize("others", [0o644, 0o640, 0o660, 0o606])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path, others):
    write_private(tmp_path / "a", b"1")
    (tmp_path / "a").chmod(others)

    with pytest.raises(UnsafeFileError, match=f"mode {others:04o}, must be 0600"):
        read_private(tmp_path / "a")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path):
    write_private(tmp_path / "a", b"1")
    os.chown(tmp_path / "a", 12345, 12345)

    with pytest.raises(UnsafeFileError, match="another user"):
        read_private(tmp_path / "a")
    with pytest.raises(UnsafeFileError, match="another user"):
        append_private(tmp_path / "a")


@pytest.mark.parametrize(
    "use",
    [
        read_private,
        append_private,
        lambda path: write_private(path, b"x"),
        lambda path: create_private(path, b"x"),
        private_folder,
    ],
    ids=["read", "append", "write", "create", "folder"],
)
@pytest.mark.parametrize("leads", ["to a file", "nowhere", "to a folder"])
def test_a_symlink_is_refused_wherever_it_leads(tmp_path, use, leads):
    target = tmp_path / "target"
    if leads == "to a file":
        target.write_bytes(b"theirs")
    elif leads == "to a folder":
        target.mkdir()
    (tmp_path / "a").symlink_to(target)

    with pytest.raises((UnsafeFileError, FileExistsError)):
        use(tmp_path / "a")

    assert leads != "to a file" or target.read_bytes() == b"theirs"


def test_a_pipe_in_place_of_a_file_stops_nobody(tmp_path):
    os.mkfifo(tmp_path / "a", 0o600)

    with pytest.raises(UnsafeFileError, match="must be a file"):
        read_private(tmp_path / "a")


def test_a_folder_is_closed_to_others(tmp_path):
    (tmp_path / "a").mkdir(mode=0o755)

    private_folder(tmp_path / "a")
    private_folder(tmp_path / "deep" / "b")

    assert 0o700 == mode(tmp_path / "a")
    assert 0o700 == mode(tmp_path / "deep" / "b")


def test_what_is_prepared_takes_its_place_when_it_is_told_to_and_else_is_gone(tmp_path):
    path = tmp_path / "a"
    write_private(path, b"old")
    with prepared_private(path, b"never"):
        assert b"old" == read_private(path)
    with prepared_private(path, b"new") as put:
        put()
        assert b"new" == read_private(path)

    assert ["a"] == [one.name for one in tmp_path.iterdir()]
    assert 0o600 == mode(path)


def test_a_disk_that_is_full_is_named_with_the_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space left on device") as raised:
        write_private(tmp_path / "a", b"1")

    assert str(tmp_path / "a") == raised.value.filename
    assert [] == [*tmp_path.iterdir()]


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "a").mkdir()

    with pytest.raises(OSError, match="a"):
        write_private(tmp_path / "a", b"1")

    assert ["a"] == [path.name for path in tmp_path.iterdir()]
