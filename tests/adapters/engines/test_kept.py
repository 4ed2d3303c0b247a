"""What the real llama.cpp has read goes to a file and comes back; what is not its own does not."""

import asyncio
import os
import stat
from contextlib import asynccontextmanager

import pytest

from standby.adapters.engines import embedded
from standby.adapters.host.slot_files import SlotFiles
from standby.adapters.net import http_client
from standby.ports import EngineError, Keeper
from tests.adapters.engines.test_reading import body
from tests.models.tiny_gguf import THINK, Script, tiny_model

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


@pytest.fixture
def nothing_blocks():
    """The test itself looks into a folder."""


@pytest.fixture
def files(tmp_path):
    made = SlotFiles(tmp_path / "slots", b"key")
    made.open()
    return made


@asynccontextmanager
async def running(files, script=None, context=8192):
    file = await asyncio.to_thread(tiny_model, script)
    async with http_client("") as client:
        choose = lambda: embedded.ModelFile(file)  # noqa: E731
        engine = embedded.engine(client, choose, context=context, kept=files)
        try:
            (offered,) = await engine.models()
            yield engine, await engine.start(offered)
        finally:
            await engine.stop()


async def test_what_was_read_comes_back_after_a_restart_in_any_slot(nothing_blocks, files):
    async with running(files) as (engine, model):
        prompt = await engine.prompt(model, body(model))
        await engine.read(model, prompt, 0)
        assert isinstance(engine, Keeper)
        assert () == await engine.restore_slot(model, 0, "s-1")
        assert len(prompt) == await engine.save_slot(model, 0, "s-1")

        await engine._server(model).slot(model, 0, "save", "by-itself")
        path = files.folder / "by-itself"
        assert os.name == "nt" or 0o600 == stat.S_IMODE(path.stat().st_mode)
        path.unlink()

    async with running(files) as (engine, model):
        assert () == await engine.restore_slot(model, 1, "s-2")
        assert prompt == await engine.restore_slot(model, 1, "s-1")
        assert 1 == await engine.read(model, prompt, 1)

    async with running(files, Script(think=THINK)) as (engine, model):
        assert () == await engine.restore_slot(model, 0, "s-1"), "it is another model's"
    async with running(files, context=4096) as (engine, model):
        assert () == await engine.restore_slot(model, 0, "s-1"), "it is another window's"


def shortened(data):
    return data[:-100]


def changed(data):
    """Change what says how large the rest is: a server that believes it ends."""
    place = data.index(b"qsgg") + 12 + 4 * int.from_bytes(data[8:12], "little")
    return data[:place] + b"\xff" * 16 + data[place + 16 :]


@pytest.mark.parametrize("damage", [shortened, changed])
async def test_a_damaged_file_is_never_given_to_a_server_that_answers(
    nothing_blocks, files, damage
):
    async with running(files, Script(endless=True)) as (engine, model):
        prompt = await engine.prompt(model, body(model))
        await engine.read(model, prompt, 0)
        await engine.save_slot(model, 0, "s-1")
        (file,) = files.folder.iterdir()
        file.write_bytes(damage(file.read_bytes()))

        asked = {**body(model), "max_tokens": 200, "id_slot": 1}
        said, pid = [], engine.pid
        async for data in engine.chat(model, asked):
            if not said:
                assert () == await engine.restore_slot(model, 0, "s-1")
            said.append(data)
        assert b"data: [DONE]" in b"".join(said)
        assert pid == engine.pid
        assert [] == list(files.folder.iterdir())


async def test_one_that_a_server_ends_of_all_the_same_is_tried_once(nothing_blocks, files):
    async with running(files) as (engine, model):
        prompt = await engine.prompt(model, body(model))
        await engine.read(model, prompt, 0)
        await engine.save_slot(model, 0, "s-1")
        (file,) = files.folder.iterdir()
        name = file.name[:64]
        part = files.folder / files.undone(name)
        part.write_bytes(shortened(file.read_bytes()))
        files.done(name, part.stat().st_size)  # as if the server itself had written it so
        with pytest.raises(EngineError):
            await engine.restore_slot(model, 0, "s-1")
        assert () == await engine.restore_slot(model, 0, "s-1")
        assert b"data: [DONE]" in b"".join([data async for data in engine.chat(model, body(model))])

    files.open()
    assert [] == list(files.folder.iterdir())


async def test_what_it_cannot_keep_it_says(nothing_blocks, files):
    async with running(files) as (engine, model):
        prompt = await engine.prompt(model, body(model))
        await engine.read(model, prompt, 0)
        with pytest.raises(EngineError, match="could not save"):
            await engine.save_slot(model, 7, "s-1")
        files._free = lambda _: (1, 0)
        with pytest.raises(EngineError, match="too little room"):
            await engine.save_slot(model, 0, "s-1")
        assert [] == list(files.folder.iterdir())


async def test_without_a_place_nothing_is_kept(nothing_blocks):
    async with running(None) as (engine, model):
        assert 0 == await engine.save_slot(model, 0, "s-1")
        assert () == await engine.restore_slot(model, 0, "s-1")
    assert 0 == await engine.save_slot(model, 0, "s-1")
