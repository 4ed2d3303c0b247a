import asyncio
import json
import os
import stat
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import psutil
import pytest

from standby.adapters.engines import on_path
from standby.adapters.engines.tuner import AsComputed
from standby.adapters.host.slot_files import SlotFiles
from standby.adapters.net import http_client
from standby.core.models.fit import GB, Hardware, Kv
from standby.core.models.tuning import Drafts
from standby.ports import EngineError
from tests.adapters.engines.test_reading import body
from tests.fakes.gguf_files import gguf
from tests.models.llama_server import EFFECT, put_on_path
from tests.models.tiny_gguf import SAY, tiny_model

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name == "nt", reason="a script stands for llama-server"),
]


@pytest.fixture
def nothing_blocks():
    """A test itself looks into a folder."""


@pytest.fixture(params=["llama-server", "llama"])
def folder(request, tmp_path):
    put_on_path(tmp_path, request.param)
    return tmp_path


async def test_it_is_started_with_the_named_model_and_ends_with_us(folder):
    path = await asyncio.to_thread(tiny_model)
    async with http_client() as client:
        engine = on_path.engine(client, path, context=2048, path=str(folder))
        try:
            (offered,) = await engine.models()
            assert not offered.loaded
            served = await engine.start(offered)
            assert (path.stem, 2048, True) == (served.id, served.context_tokens, served.tools)
            body = {"messages": [{"role": "user", "content": "Hi"}], "stream": False}
            async with aclosing(engine.chat(served, body)) as answer:
                assert SAY.encode() in b"".join([data async for data in answer])
            (program,) = psutil.Process(engine.pid).children()
            assert "passive" == program.environ()["OMP_WAIT_POLICY"]
        finally:
            await engine.stop()
    assert not program.is_running() or program.status() == psutil.STATUS_ZOMBIE


async def test_without_a_model_file_or_a_program_it_offers_nothing(tmp_path, folder):
    model = tmp_path / "m.gguf"
    async with http_client() as client:
        assert () == await on_path.engine(client, None, path=str(folder)).models()
        assert () == await on_path.engine(client, model, path=str(folder)).models()
        model.touch()
        assert () == await on_path.engine(client, model, path="/nowhere").models()
        assert ("m",) == tuple(
            each.id for each in await on_path.engine(client, model, path=str(folder)).models()
        )


async def test_one_that_cannot_load_the_model_is_an_error_that_says_why(tmp_path, folder):
    model = tmp_path / "m.gguf"
    model.write_bytes(gguf())  # sound as a file, and no model
    async with http_client() as client:
        engine = on_path.engine(client, lambda: model, path=str(folder))
        (offered,) = await engine.models()
        with pytest.raises(EngineError, match=r"llama\.cpp on PATH could not be started: it ended"):
            await engine.start(offered)
        model.write_bytes(gguf()[:-1])
        with pytest.raises(EngineError, match="1 bytes short of its tensor"):
            await on_path.engine(client, model, path=str(folder)).start(offered)


@asynccontextmanager
async def running(folder, files):
    path = await asyncio.to_thread(tiny_model)
    async with http_client() as client:
        engine = on_path.engine(client, path, context=8192, path=str(folder), kept=files)
        try:
            (offered,) = await engine.models()
            yield engine, await engine.start(offered)
        finally:
            await engine.stop()


async def test_what_it_has_read_comes_back_after_a_restart_of_the_same_program(
    nothing_blocks, folder
):
    files = SlotFiles(folder / "slots", b"key")
    files.open()
    async with running(folder, files) as (engine, model):
        prompt = await engine.prompt(model, body(model))
        await engine.read(model, prompt, 0)
        assert len(prompt) == await engine.save_slot(model, 0, "s-1")
    (file,) = files.folder.iterdir()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)

    async with running(folder, files) as (engine, model):
        assert prompt == await engine.restore_slot(model, 1, "s-1")
        assert 1 == await engine.read(model, prompt, 1)

    (program,) = (each for each in folder.iterdir() if each.name.startswith("llama"))
    os.utime(program, (1, 1))
    files.most_bytes = 100_000
    async with running(folder, files) as (engine, model):
        assert () == await engine.restore_slot(model, 0, "s-1"), "it is another build"
        await engine.read(model, prompt, 0)
        with pytest.raises(EngineError, match="said 500"):
            await engine.save_slot(model, 0, "s-1")
        assert 1 == await engine.read(model, prompt, 0), "it goes on, with too large a file"
    assert [file] == [*files.folder.iterdir()]


async def test_what_it_is_told_by_environment_is_what_llama_cpp_does(folder):
    path = await asyncio.to_thread(tiny_model)
    hardware = Hardware(16 * GB, 9 * GB, 8)
    async with http_client() as client:
        engine = on_path.engine(
            *(client, path), context=2048, slots=3, path=str(folder), hardware=lambda: hardware
        )
        try:
            (offered,) = await engine.models()
            served = await engine.start(offered)
        finally:
            await engine.stop()
    effect = json.loads((folder / EFFECT).read_text())

    assert not effect["cache_idle_slots"]
    assert effect["kv_unified"]
    assert effect["offline"]
    assert not effect["ui"]
    assert "http://127.0.0.1" == effect["cors_origins"]
    assert (3, 2048, 1856, 8) == tuple(
        effect[name] for name in ("n_parallel", "n_ctx", "cache_ram_mib", "n_ctx_checkpoints")
    )
    assert (3, 2048) == (served.slots, served.context_tokens)


class Measured(AsComputed):
    """Knows a build, and what is faster with it."""

    def __init__(self):
        self.versions = []

    def tuned(self, _model, version, computed):
        self.versions.append(version())
        return replace(
            computed,
            threads=1,
            flash_attention=True,
            kv=Kv.Q8_0,
            micro_batch=128,
            drafts=Drafts.MOD,
            measured="all that was better",
        )


async def test_what_was_measured_is_what_llama_cpp_runs_with(folder):
    path, tuner = await asyncio.to_thread(tiny_model), Measured()
    async with http_client() as client:
        engine = on_path.engine(
            *(client, path),
            context=2048,
            path=str(folder),
            hardware=lambda: Hardware(16 * GB, 9 * GB, 8),
            tuner=tuner,
        )
        try:
            (offered,) = await engine.models()
            served = await engine.start(offered)
        finally:
            await engine.stop()
    effect = json.loads((folder / EFFECT).read_text())

    names = ("threads", "n_ubatch", "flash_attn_type", "cache_type_k")
    assert (1, 128, 1, 8) == tuple(effect[name] for name in names)
    assert 9 in effect["drafts"]
    assert "all that was better" == offered.tuned == served.tuned
    assert "drafts by ngram-mod" in served.settings
    assert 1 == len({*tuner.versions})
    assert tuner.versions[0].startswith("llama.cpp 0.6.0-dev (build ")
