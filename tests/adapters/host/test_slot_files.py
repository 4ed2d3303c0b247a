"""Files of what was read: named so that they tell nothing, few, young, whole, and ours alone."""

import os
import stat
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.slot_files import AGE_S, MOST, MOST_BYTES, SlotFiles

NOW = 1_800_000_000.0
GB = 1024**3


def bare(*tokens):
    return struct.pack(f"<4sII{len(tokens)}i", b"qsgg", 2, len(tokens), *tokens) + b"the rest"


def whole(*tokens, images=0):
    return bare(-1, 1, len(tokens), *tokens, images)


@pytest.fixture
def files(tmp_path):
    made = SlotFiles(tmp_path / "slots", b"key", lambda: NOW, lambda _: (100 * GB, 50 * GB))
    made.open()
    return made


def save(files, session, data=None, age_s=0.0):
    name = files.name("engine", session)
    path = files.folder / files.undone(name)
    data = whole(1, 2, 3) if data is None else data
    path.write_bytes(data)
    os.utime(path, (NOW - age_s, NOW - age_s))
    assert files.done(name, len(data))
    return name


def file_of(files, name):
    (found,) = files.folder.glob(f"{name}.*.slot")
    return found


def test_what_is_saved_is_read_again_and_is_ours_alone(files):
    name = save(files, "s-1")

    if os.name != "nt":
        assert 0o600 == stat.S_IMODE(file_of(files, name).stat().st_mode)
        assert 0o700 == stat.S_IMODE(files.folder.stat().st_mode)
    assert (1, 2, 3) == files.take(name)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_each_conversation_of_each_model_has_a_name_that_only_we_can_tell(one, other):
    mine, theirs = SlotFiles(None, b"mine"), SlotFiles(None, b"theirs")

    assert (one == other) == (mine.name(*one) == mine.name(*other))
    assert mine.name(*one) != theirs.name(*one)
    assert set(mine.name(*one)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"qsg",
        b"ggsq" + whole(1)[4:],
        whole(1, 2)[:14],
        whole(1)[:8] + b"\xff" * 4,
        bare(-1),
        bare(-1, 2, 1, 7, 0),
        bare(-1, 1, 2, 7, 0),
        whole(7, images=1),
    ],
)
def test_what_is_no_such_file_is_like_none(files, data):
    assert () == files.take(save(files, "s-1", data))
    assert [] == list(files.folder.iterdir())


def test_one_that_is_taken_is_not_there_until_it_is_of_use(files):
    name = save(files, "s-1", age_s=60)
    at = file_of(files, name).stat().st_mtime

    assert (1, 2, 3) == files.take(name)
    assert () == files.take(name)
    save(files, "s-1")
    assert (1, 2, 3) == files.take(name)
    files.back(name)
    assert at <= file_of(files, name).stat().st_mtime
    files.take(name)
    files.open()
    assert [] == list(files.folder.iterdir())


@given(st.data())
def test_one_that_is_not_to_the_byte_what_was_written_is_none(tmp_path_factory, data):
    files = SlotFiles(tmp_path_factory.mktemp("slots"), b"key", lambda: NOW, lambda _: (100, 50))
    name = save(files, "s-1", written := whole(1, 2, 3))
    place = data.draw(st.integers(0, len(written) - 1))
    changed = data.draw(
        st.sampled_from(
            (
                written[:place],
                written + b"\0",
                written[:place] + bytes([written[place] ^ 1]) + written[place + 1 :],
            )
        )
    )
    path = file_of(files, name)
    path.write_bytes(changed)
    os.utime(path, (NOW, NOW))

    assert () == files.take(name)
    assert [] == list(files.folder.iterdir())


def test_what_another_conversation_or_installation_has_sealed_is_none(files):
    one, other = save(files, "s-1"), save(files, "s-2", whole(4, 5))
    file_of(files, one).rename(files.folder / file_of(files, one).name.replace(one, other))

    assert (4, 5) == files.take(other)
    mine = SlotFiles(files.folder, b"my key", lambda: NOW)
    save(files, "s-3")
    path = file_of(files, files.name("engine", "s-3"))
    path.rename(files.folder / path.name.replace(path.name[:64], mine.name("engine", "s-3")))
    assert () == mine.take(mine.name("engine", "s-3"))


def test_one_that_is_smaller_than_the_server_says_is_none(files):
    name = files.name("engine", "s-1")
    (files.folder / files.undone(name)).write_bytes(whole(1, 2, 3))

    assert not files.done(name, len(whole(1, 2, 3)) + 1)
    assert [] == list(files.folder.iterdir())


def test_of_two_that_a_crash_has_left_the_newer_one_counts(files):
    name = save(files, "s-1", age_s=60)
    old = file_of(files, name)
    kept = old.read_bytes()
    save(files, "s-1", whole(4, 5))
    assert not old.exists()
    old.write_bytes(kept)
    os.utime(old, (NOW - 60, NOW - 60))

    assert (4, 5) == files.take(name)


def test_what_an_older_server_wrote_is_read_too(files):
    assert (7, 8) == files.take(save(files, "s-1", bare(7, 8)))


def test_what_is_not_there_is_none(files):
    assert () == files.take(files.name("engine", "s-1"))


def test_the_oldest_go_when_they_are_too_many(files):
    names = [save(files, f"s-{n}", age_s=100 - n) for n in range(MOST + 2)]

    assert set(names[2:]) == {path.name[:64] for path in files.folder.iterdir()}


def test_the_oldest_go_when_they_are_too_large(files):
    old, new = save(files, "s-1", age_s=9), save(files, "s-2")
    os.truncate(file_of(files, new), MOST_BYTES - 1)
    os.utime(file_of(files, new), (NOW, NOW))
    save(files, "s-3", age_s=-1, data=b"x")

    assert old not in {path.name[:64] for path in files.folder.iterdir()}
    assert files.name("engine", "s-3") in {path.name[:64] for path in files.folder.iterdir()}


@pytest.mark.parametrize("age_s", [AGE_S + 1, -AGE_S - 1])
def test_one_that_is_too_old_or_of_the_future_is_none(files, age_s):
    assert () == files.take(save(files, "s-1", age_s=age_s))
    assert [] == list(files.folder.iterdir())


def test_one_that_could_not_be_restored_goes_as_early(files):
    name = save(files, "s-1", age_s=AGE_S - 1)
    files.take(name)
    files.tidy()
    assert 1 == len(list(files.folder.iterdir()))
    os.utime(files.folder / files.undone(name), (0, 0))
    files.tidy()
    assert [] == list(files.folder.iterdir())


def test_one_that_was_not_finished_goes_at_the_next_start(files):
    (files.folder / files.undone(files.name("engine", "s-1"))).write_bytes(b"half")
    files.open()

    assert [] == list(files.folder.iterdir())


def test_all_are_deleted_and_nothing_else(files, tmp_path):
    save(files, "s-1")
    (files.folder / files.undone(files.name("engine", "s-2"))).write_bytes(b"half")
    (files.folder / "notes").write_text("mine")

    assert 2 == files.clear()
    assert ["notes"] == [path.name for path in files.folder.iterdir()]
    assert 0 == SlotFiles(tmp_path / "none").clear()


def test_what_could_not_be_written_goes_and_what_was_written_before_stays(files):
    name = save(files, "s-1")
    (files.folder / files.undone(name)).write_bytes(b"half")
    files.drop(name)

    assert [file_of(files, name)] == list(files.folder.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="links want a right there")
def test_nothing_is_done_where_a_link_leads(files, tmp_path):
    save(files, "s-1")
    link = tmp_path / "link"
    link.symlink_to(files.folder)

    assert 0 == SlotFiles(link).clear()
    with pytest.raises(UnsafeFileError):
        SlotFiles(link).open()
    assert 1 == len(list(files.folder.iterdir()))


@pytest.mark.parametrize(
    ("disk", "free", "fits"),
    [(100, 7.1, True), (100, 6.9, False), (20, 4.1, True), (20, 3.9, False), (1000, 7.1, True)],
)
def test_the_disk_stays_fit_for_use(tmp_path, disk, free, fits):
    said = SlotFiles(tmp_path, free=lambda _: (disk * GB, int(free * GB)))

    assert fits is said.room()


def test_the_real_disk_is_asked(tmp_path):
    assert isinstance(SlotFiles(tmp_path).room(), bool)
