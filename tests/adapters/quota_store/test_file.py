import asyncio
import logging
import os
import stat
import sys

import pytest

from standby.adapters.quota_store.file import FileStore

pytestmark = pytest.mark.anyio

STATE = {"version": 1, "accounts": {"a1": {}}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "quota.json"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
async def test_the_file_is_its_owners_only_whatever_the_umask(path):
    before = os.umask(0o000)
    try:
        await FileStore(path).save(STATE)
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


async def test_nothing_but_the_file_is_left_behind(path):
    store = FileStore(path)
    for _ in range(3):
        await store.save(STATE)

    assert ["quota.json"] == [child.name for child in path.parent.iterdir()]


async def test_it_outlives_the_process(path):
    await FileStore(path).save(STATE)

    assert STATE == await FileStore(path).load()


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[1]", b"\xff\xfe", b"nul", b" " * 5_000_000 + b"{}"], ids=range(6)
)
async def test_a_broken_file_is_set_aside_and_said_so(path, garbage, caplog):
    path.parent.mkdir()
    path.write_bytes(garbage)
    store = FileStore(path)

    with caplog.at_level(logging.WARNING):
        assert {} == await store.load()
    assert garbage == path.with_name("quota.json.broken").read_bytes()
    assert "broken" in caplog.text

    await store.save(STATE)
    assert STATE == await store.load()


async def test_a_file_that_cannot_be_read_is_nothing_and_said_so(path, caplog):
    path.mkdir(parents=True)  # a folder of that name: no permission can hide it from root

    with caplog.at_level(logging.WARNING):
        assert {} == await FileStore(path).load()
    assert "cannot be read" in caplog.text


async def test_a_disk_that_refuses_fails_nobody_and_is_said_so(path, caplog):
    path.parent.write_text("a file where the folder should be")

    with caplog.at_level(logging.WARNING):
        await FileStore(path).save(STATE)
    assert "could not be saved" in caplog.text


async def test_a_replacement_that_fails_leaves_no_scraps(path):
    path.mkdir(parents=True)
    (path / "in the way").touch()
    await FileStore(path).save(STATE)

    assert ["quota.json"] == [child.name for child in path.parent.iterdir()]


async def test_many_saves_at_once_leave_the_last(path):
    store = FileStore(path)
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(store.save({"number": number}))

    assert {"number": 19} == await store.load()


async def test_a_save_that_was_overtaken_does_not_undo_the_later_one(path):
    store = FileStore(path)
    await asyncio.to_thread(store._save, b'{"number": 2}', 2)
    await asyncio.to_thread(store._save, b'{"number": 1}', 1)

    assert {"number": 2} == await store.load()
