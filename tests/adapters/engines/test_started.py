"""A server of ours that fails is started otherwise where that helps, within bounds."""

import asyncio
import os
import sys
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from standby.adapters.engines import embedded, on_path
from standby.adapters.engines.embedded import ModelFile
from standby.adapters.engines.tuner import AsComputed
from standby.adapters.model_header import header_of
from standby.adapters.net import http_client
from standby.core.models.fit import GB, Card, Hardware, Kv
from standby.ports import EngineError
from tests.models.llama_server import put_on_path
from tests.models.tiny_gguf import SAY, tiny_model

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name == "nt", reason="scripts stand for programs"),
]

ASKS = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
CARD = Hardware(64 * GB, 60 * GB, 1, (Card("x", 24 * GB, 24 * GB),))

# Runs before the real server; `tries` counts the starts.
BEGINS = """
window = int(sys.argv[sys.argv.index("-c") + 1]) if "-c" in sys.argv else 0
layers = os.environ.get("LLAMA_ARG_N_GPU_LAYERS")
tries = pathlib.Path(__file__).with_name("tries")
if window:
    tries.write_text((tries.read_text() if tries.exists() else "") + f"{window} {layers}\\n")
def dies(*words):
    print(*words, file=sys.stderr)
    sys.exit(1)
"""
NO_ROOM = "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB: cudaMalloc failed"

# A server that loads, and has no memory when it is asked with a large window.
HUNGRY = """#!{python}
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        window = {{"default_generation_settings": {{"n_ctx": int(given["-c"])}}}}
        self.say(200, window if self.path == "/props" else {{"data": [{{"id": given["--alias"]}}]}})
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if int(given["-c"]) > 4096:
            self.say(500, {{"error": {{"code": 500, "message": "CUDA error: out of memory"}}}})
        else:
            self.say(200, {{"fine": given["-c"]}})
    def say(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
HTTPServer((given["--host"], int(given["--port"])), Server).serve_forever()
"""


@asynccontextmanager
async def on_this_path(folder, **more):
    path = await asyncio.to_thread(tiny_model)
    async with http_client() as client:
        engine = on_path.engine(client, path, path=str(folder), **more)
        try:
            yield engine
        finally:
            await engine.stop()


def tries(folder):
    return (folder / "tries").read_text().splitlines()


async def test_a_model_that_does_not_fit_the_card_gets_a_smaller_window_and_the_log_says_so(
    tmp_path, caplog
):
    put_on_path(tmp_path, first=f"{BEGINS}if window > 4096: dies({NO_ROOM!r})")
    async with on_this_path(tmp_path, context=8192) as engine:
        (offered,) = await engine.models()
        served = await engine.start(offered)
        (now,) = await engine.models()
        await engine.stop()
        (later,) = await engine.models()

    assert ["8192 None", "4096 None"] == tries(tmp_path)
    assert [4096] * 3 == [one.context_tokens for one in (served, now, later)]
    said = "its memory ended, so it runs with a window of 4,096 tokens"
    assert [said] * 3 == [one.remark for one in (served, now, later)]
    assert "cudaMalloc failed; it runs with a window of 4,096 tokens from now on" in caplog.text


async def test_where_that_is_not_enough_half_of_the_layers_leave_the_card_and_then_it_is_told(
    tmp_path,
):
    put_on_path(tmp_path, first=f"{BEGINS}if window: dies({NO_ROOM!r})")
    async with on_this_path(tmp_path, context=8192) as engine:
        (offered,) = await engine.models()
        with pytest.raises(EngineError) as told:
            await engine.start(offered)

    half = (await asyncio.to_thread(lambda: header_of(tiny_model()).layers)) // 2
    assert ["8192 None", "4096 None", f"4096 {half}"] == tries(tmp_path)
    assert "the model does not fit into the memory that is free: give it a smaller" in str(
        told.value
    )


async def test_one_that_is_too_old_is_told_with_its_version_and_where_to_get_a_newer_one(tmp_path):
    old = "dies(\"error loading model: unknown model architecture: 'qwen9'\")"
    put_on_path(tmp_path, first=f"{BEGINS}if window: {old}")
    async with on_this_path(tmp_path, context=8192) as engine:
        (offered,) = await engine.models()
        with pytest.raises(EngineError) as told:
            await engine.start(offered)

    assert 1 == len(tries(tmp_path))
    said = str(told.value)
    assert "this llama.cpp is too old for the model" in said
    assert "there is llama.cpp 0.6.0-dev (build " in said
    assert "brew upgrade llama.cpp" in said


async def test_where_another_program_was_faster_on_its_port_it_takes_another(tmp_path):
    bound = 'dies("srv start: couldn\'t bind HTTP server socket, port: 1")'
    put_on_path(
        tmp_path, first=f"{BEGINS}if tries.exists() and len(tries.read_text()) < 12: {bound}"
    )
    async with on_this_path(tmp_path, context=4096) as engine:
        (offered,) = await engine.models()
        served = await engine.start(offered)

    assert 2 == len(tries(tmp_path))
    assert "" == served.remark


async def test_memory_that_ends_within_an_answer_ends_the_server_and_the_next_has_less(tmp_path):
    program = tmp_path / "llama-server"
    program.write_text(HUNGRY.format(python=sys.executable))
    program.chmod(0o755)
    async with on_this_path(tmp_path, context=8192) as engine:
        (offered,) = await engine.models()
        with pytest.raises(EngineError, match="out of memory; the model does not fit"):
            await everything(engine, offered)
        assert engine.pid is None
        said = await everything(engine, offered)

    assert b'{"fine": "4096"}' == said


async def everything(engine, model):
    async with aclosing(engine.chat(model, ASKS)) as answer:
        return b"".join([data async for data in answer])


class Wrong(AsComputed):
    """Settings that this engine refuses: a small cache without flash attention."""

    def __init__(self):
        self.given_up = False

    def tuned(self, _model, _version, computed):
        if self.given_up:
            return computed
        return replace(computed, kv=Kv.Q8_0, flash_attention=False, measured="nonsense")

    def failed(self, _model):
        self.given_up = True
        return True


async def test_settings_that_were_adopted_and_do_not_work_give_way_to_the_computed_ones(caplog):
    path = await asyncio.to_thread(tiny_model)
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), context=2048, tuner=Wrong())
        try:
            (offered,) = await engine.models()
            served = await engine.start(offered)
            said = await everything(engine, served)
        finally:
            await engine.stop()

    assert "nonsense" == offered.tuned
    assert ("", True) == (served.tuned, "KV f16" in served.settings)
    assert SAY.split()[0].encode() in said
    assert "it runs with the computed settings instead of the measured ones" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no limit holds for memory")
async def test_the_real_engine_gets_a_smaller_window_where_its_memory_ends(monkeypatch):
    path = await asyncio.to_thread(tiny_model)
    total = await asyncio.to_thread(lambda: embedded.machine().ram_bytes)
    monkeypatch.setattr(embedded, "_MEMORY_SHARE", 400e6 / total)
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), context=262_144)
        try:
            (offered,) = await engine.models()
            served = await engine.start(offered)
        finally:
            await engine.stop()

    assert (262_144, 131_072) == (offered.context_tokens, served.context_tokens)
    assert "its memory ended, so it runs with a window of 131,072 tokens" == served.remark


async def test_an_engine_whose_package_is_not_there_says_how_to_get_it(monkeypatch, tmp_path):
    (tmp_path / "xllamacpp.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'xllamacpp'\")"
    )
    path = await asyncio.to_thread(tiny_model)
    real = embedded.environment
    monkeypatch.setattr(
        embedded,
        "environment",
        lambda whole, **more: real(whole, **more, PYTHONPATH=str(tmp_path)),
    )
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path))
        (offered,) = await engine.models()
        with pytest.raises(EngineError, match="its package is not whole: `python -m pip install"):
            await engine.start(offered)
