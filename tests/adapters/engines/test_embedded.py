"""The real engine, with a model that says what is known beforehand."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import psutil
import pytest
from aiohttp import ClientConnectorError

from standby.adapters.child import Child
from standby.adapters.engines import embedded
from standby.adapters.engines.embedded import REHEARSAL_FILE, ModelFile, Rests, choose_file
from standby.adapters.engines.tuner import AsComputed
from standby.adapters.net import http_client
from standby.core.models.fit import GB, Card, Hardware, Kv
from standby.core.models.tuning import Drafts
from standby.core.wire.json import loads
from standby.ports import EngineError
from tests.fakes.gguf_files import U32, changed, gguf
from tests.models.tiny_gguf import SAY, THINK, Script, tiny_model

pytestmark = pytest.mark.anyio

BASH = {
    "type": "function",
    "function": {
        "name": "Bash",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}, "timeout": {"type": "number"}},
            "required": ["command"],
        },
    },
}
OTHER = {"type": "function", "function": {"name": "Agent", "parameters": {"type": "object"}}}


def asks(text, **more):
    body = {"messages": [{"role": "user", "content": text}], "stream": True, "max_tokens": 100}
    return {**body, **more}


@asynccontextmanager
async def running(script=None, context=4096):
    path = await asyncio.to_thread(tiny_model, script)
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), context=context)
        try:
            (model,) = await engine.models()
            yield engine, model, client
        finally:
            await engine.stop()


async def said(engine, model, body):
    """Return text, reasoning, calls and finish reason of an answer."""
    text, thought, reason, calls = "", "", None, {}
    raw = b""
    async with aclosing(engine.chat(model, body)) as answer:
        async for data in answer:
            raw += data
    for line in raw.splitlines():
        if not line.startswith(b"data: {"):
            continue
        for choice in loads(line[6:]).get("choices", []):
            delta = choice["delta"]
            text += delta.get("content") or ""
            thought += delta.get("reasoning_content") or ""
            reason = choice["finish_reason"] or reason
            for call in delta.get("tool_calls", []):
                name, arguments = calls.get(call["index"], ("", ""))
                function = call["function"]
                calls[call["index"]] = (
                    name + function.get("name", ""),
                    arguments + function.get("arguments", ""),
                )
    return text, thought, [(name, loads(arguments)) for name, arguments in calls.values()], reason


async def test_it_is_offered_before_it_runs_and_described_when_it_does():
    async with running() as (engine, model, _):
        assert (False, "", 4096) == (model.loaded, model.base_url, model.context_tokens)
        assert engine.pid is None

        served = await engine.start(model)

        assert (served,) == await engine.models()
        assert (model.id, True, 4096, True) == (
            served.id,
            served.loaded,
            served.context_tokens,
            served.tools,
        )
        assert served.base_url.startswith("http://127.0.0.1:")
        assert served.grammar
        assert served.counts


async def test_it_says_the_sentence_and_counts_the_prompt():
    async with running() as (engine, model, _):
        assert (SAY, "", [], "stop") == await said(engine, model, asks("Hello"))
        served = await engine.start(model)
        count = await engine.count(served, asks("Hello"))
        assert count is not None
        assert 5 < count < 40


@pytest.mark.parametrize(
    ("tools", "call"),
    [([OTHER, BASH], ("Bash", {"command": "ls"})), ([OTHER], ("Agent", {}))],
    ids=["the tool of its script", "the first in the alphabet"],
)
async def test_it_calls_a_tool_when_it_is_triggered_and_ends_after_the_result(tools, call):
    async with running() as (engine, model, _):
        body = asks("Look. [call]", tools=tools)
        assert ("", "", [call], "tool_calls") == await said(engine, model, body)

        function = {"name": call[0], "arguments": "{}"}
        made = {"id": "x", "type": "function", "function": function}
        body["messages"] += [
            {"role": "assistant", "content": None, "tool_calls": [made]},
            {"role": "tool", "tool_call_id": "x", "content": "README"},
        ]
        assert (SAY, "", [], "stop") == await said(engine, model, body)


async def test_it_thinks_first_unless_it_is_told_not_to():
    async with running(Script(think=THINK)) as (engine, model, _):
        assert (SAY, THINK) == (await said(engine, model, asks("Hello")))[:2]
        quiet = asks("Hello", chat_template_kwargs={"enable_thinking": False})
        assert (SAY, "") == (await said(engine, model, quiet))[:2]
        assert (await engine.start(model)).reasoning


async def test_an_answer_that_is_not_wanted_any_more_ends():
    async with running(Script(endless=True)) as (engine, model, client):
        served = await engine.start(model)
        answer = engine.chat(served, asks("Hello", max_tokens=-1))
        for _ in range(5):
            await anext(answer)
        await answer.aclose()

        with anyio.fail_after(20):  # its two slots are free again: three more get their turn
            for _ in range(3):
                assert "length" == (await said(engine, served, asks("Hello", max_tokens=5)))[3]
        assert client.connector is not None


async def test_it_is_closed_to_others_and_shows_no_page_and_allows_no_origin():
    async with running() as (engine, model, client):
        url = (await engine.start(model)).base_url
        evil = {"Origin": "http://evil.example"}
        body = asks("Hello")
        async with client.post(f"{url}/v1/chat/completions", json=body, headers=evil) as answer:
            assert 401 == answer.status
            assert "evil" not in str(answer.headers)
        async with client.options(f"{url}/v1/chat/completions", headers=evil) as answer:
            assert "evil" not in str(answer.headers)
        async with client.get(f"{url}/", headers=evil) as answer:
            assert answer.status in {401, 404}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_its_process_has_no_credential_and_shows_no_key(monkeypatch):
    for name in (
        "ANTHROPIC_API_KEY",
        "HTTPS_PROXY",
        "GITHUB_TOKEN",
        "LLAMA_ARG_HOST",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "canary")
    async with running() as (engine, model, _):
        await engine.start(model)
        process = psutil.Process(engine.pid)
        assert "passive" == process.environ()["OMP_WAIT_POLICY"]

        assert "canary" not in str(process.environ())
        assert process.environ()["STANDBY_ENGINE_KEY"] not in " ".join(process.cmdline())
        assert {"127.0.0.1"} == {
            each.laddr.ip for each in process.net_connections() if each.status == psutil.CONN_LISTEN
        }


async def test_all_who_need_it_wait_for_one_start():
    async with running() as (engine, model, _):
        served = []

        async def need():
            served.append(await engine.start(model))

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(need)

        assert 5 == len(served)
        assert 1 == len({each.base_url for each in served})


async def test_who_gives_up_waiting_does_not_stop_the_start():
    async with running() as (engine, model, _):
        with anyio.fail_after(30):
            async with anyio.create_task_group() as impatient:
                impatient.start_soon(engine.start, model)
                while engine.pid is None:  # noqa: ASYNC110 - nothing tells
                    await anyio.sleep(0.001)
                impatient.cancel_scope.cancel()
        pid = engine.pid
        await engine.start(model)

        assert pid is not None
        assert pid == engine.pid


async def test_after_a_crash_the_answer_tells_and_the_next_use_starts_it_anew():
    async with running(Script(endless=True)) as (engine, model, _):
        served = await engine.start(model)
        first = engine.pid
        answer = engine.chat(served, asks("Hello", max_tokens=-1))
        await anext(answer)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(EngineError, match="ended with code -9"):
            await rest(answer)

        assert "length" == (await said(engine, model, asks("Hello", max_tokens=3)))[3]
        assert engine.pid not in {None, first}


async def test_one_that_died_while_nobody_asked_it_is_started_anew_for_who_asks_next():
    async with running() as (engine, model, _):
        await engine.start(model)
        first = engine.pid
        # Nothing of ours has heard of its end when the next answer is asked for.
        os.kill(first, signal.SIGKILL)
        text = (await said(engine, model, asks("Hello")))[0]

        assert SAY == text
        assert engine.pid not in {None, first}


async def test_a_broken_model_is_an_error_that_says_what_the_engine_said(tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(gguf())  # sound as a file, and no model
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path))
        (model,) = await engine.models()
        with pytest.raises(EngineError, match=r"(error loading|failed to load) model") as caught:
            await engine.start(model)
        assert b"broken.gguf" in caught.value.body
        with pytest.raises(EngineError, match=r"(error loading|failed to load) model"):
            await engine.start(model)  # once more at once
        with pytest.raises(EngineError, match=r"failed 2 times in a row; next try in \d+ s"):
            await engine.start(model)
        assert engine.pid is None


SAYS_MUCH = """
import ctypes, os
from xllamacpp import xllamacpp as built
from standby.adapters.engines import embedded_child
engine = ctypes.CDLL(built.__file__)
log = engine["_Z15common_log_mainv"]
log.restype = ctypes.c_void_p
add = engine["_Z14common_log_addP10common_log14ggml_log_levelPKcz"]
for number in range(2000):
    add(ctypes.c_void_p(log()), 4, b"line %d\\n", ctypes.c_int(number))
embedded_child._say_the_rest()
os._exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="its compiler gives other names")
def test_what_the_engine_said_last_is_not_lost_with_its_process():
    done = subprocess.run([sys.executable, "-c", SAYS_MUCH], capture_output=True, check=False)

    assert 3 == done.returncode
    assert [b"line %d" % number for number in range(2000)] == done.stderr.splitlines()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"MZ\x90\x00", "is not a GGUF file"),
        (None, "no longer there"),
        (gguf()[:-1], "1 bytes short of its tensor"),
        (gguf()[:300], "ends in the middle of its header"),
        (gguf(key_count=2**64 - 1), "which no model has"),
        (gguf(tensors=(("x", (1,), 0, 2**62),)), "bytes short"),
    ],
    ids=["a program", "gone", "cut", "cut early", "hostile counts", "hostile offset"],
)
async def test_what_is_no_model_is_not_given_to_the_engine(tmp_path, content, why):
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF")
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path) if path.exists() else None)
        (model,) = await engine.models()
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        with pytest.raises(EngineError, match=why):
            await engine.start(model)
        assert engine.pid is None


async def test_a_real_model_that_was_cut_is_refused_before_the_engine_opens_it(tmp_path):
    path = tmp_path / "cut.gguf"
    whole = await asyncio.to_thread(tiny_model)
    path.write_bytes(whole.read_bytes()[:-5000])
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path))
        (model,) = await engine.models()
        with pytest.raises(EngineError, match=r"cut\.gguf is \d+ bytes short of its tensor"):
            await engine.start(model)
        assert engine.pid is None


async def test_the_window_is_the_models_own_before_it_is_loaded(tmp_path):
    path = tmp_path / "small.gguf"
    path.write_bytes(gguf(changed(qwen_context_length=(U32, 20_000))))
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path))
        (model,) = await engine.models()

    assert 20_000 == model.context_tokens


async def test_another_model_takes_the_place_of_the_first():
    files = [await asyncio.to_thread(tiny_model, Script(say=f"Model {word}")) for word in "AB"]
    chosen = [ModelFile(files[0])]
    async with http_client() as client:
        engine = embedded.engine(client, lambda: chosen[0], context=2048)
        try:
            (first,) = await engine.models()
            assert "Model A" == (await said(engine, first, asks("Hello")))[0]
            chosen[0] = ModelFile(files[1])
            (second,) = await engine.models()
            assert not second.loaded
            assert "Model B" == (await said(engine, second, asks("Hello")))[0]
        finally:
            await engine.stop()


async def test_it_stands_behind_the_persons_own_programs():
    async with running() as (engine, model, _):
        await engine.start(model)
        process = psutil.Process(engine.pid)

        if os.name != "nt":
            assert psutil.Process().nice() + 2 == process.nice()
        if sys.platform == "linux":
            score = Path(f"/proc/{process.pid}/oom_score_adj")
            assert 500 == int(await asyncio.to_thread(score.read_text))
            limits = await asyncio.to_thread(process.rlimit, psutil.RLIMIT_DATA)
            total = psutil.virtual_memory().total
            assert all(0 < limit < total for limit in limits)
            assert (0, 0) == process.rlimit(psutil.RLIMIT_CORE)


async def test_it_is_run_with_what_was_chosen_for_the_machine_and_says_so():
    path = await asyncio.to_thread(tiny_model)

    class ByHand(AsComputed):
        def tuned(self, _model, _version, computed):
            small = replace(computed, kv=Kv.Q8_0, flash_attention=True, batch=256, micro_batch=64)
            return replace(small, drafts=Drafts.SIMPLE, measured="by hand")

    async with http_client() as client:
        engine = embedded.engine(
            client,
            lambda: ModelFile(path),
            context=2048,
            hardware=lambda: Hardware(8 * GB, 4 * GB, 1, (Card("x", 9 * GB, 9 * GB),)),
            tuner=ByHand(),
        )
        try:
            (model,) = await engine.models()
            served = await engine.start(model)
            told = loads(psutil.Process(engine.pid).cmdline()[-1])["parameters"]
            assert SAY == (await said(engine, model, asks("Hello")))[0]
        finally:
            await engine.stop()

    expected = "1 threads, no card, flash attention, KV q8_0, batch 256/64, prompt cache 896 MiB"
    assert model.settings.startswith(expected)
    assert model.settings.endswith("drafts by ngram-simple")
    assert (model.settings, "by hand") == (served.settings, served.tuned)
    assert [6] == told["speculative.types"]
    assert (8, 8, 1, 64, 896, 2048) == tuple(
        told[name]
        for name in (
            *("cache_type_k", "cache_type_v", "cpuparams.n_threads", "n_ubatch"),
            *("cache_ram_mib", "n_ctx"),
        )
    )


async def test_a_build_without_a_parameter_is_told_of_and_serves(tmp_path):
    """What the child does about a name that it does not know, seen in its own words."""
    path = await asyncio.to_thread(tiny_model)
    told = {"model": str(path), "alias": "x", "memory_bytes": 2**40}
    told["parameters"] = {"n_ctx": 512, "n_gone": 1, "cpuparams.n_gone": 1}
    child = await Child.spawn(
        (sys.executable, "-m", "standby.adapters.engines.embedded_child", json.dumps(told)),
        {**os.environ, "STANDBY_ENGINE_KEY": "key"},
    )
    try:
        with anyio.fail_after(30):
            assert "url" in loads(await child.first_line())
    finally:
        await child.stop()

    assert b"no parameter 'n_gone'" in child.tail


async def test_it_sleeps_when_nobody_asks_and_wakes_for_who_does():
    path = await asyncio.to_thread(tiny_model)
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), rests=Rests(1, 0))
        try:
            (model,) = await engine.models()
            served = await engine.start(model)
            key = {"Authorization": f"Bearer {engine._started.key.reveal()}"}
            with anyio.fail_after(20):
                while not await asleep(client, served, key):  # noqa: ASYNC110 - nothing tells
                    await anyio.sleep(0.1)
            assert SAY == (await said(engine, model, asks("Hello")))[0]
            assert not await engine.rest()  # 0: it is never ended
        finally:
            await engine.stop()


async def asleep(client, served, key):
    async with client.get(f"{served.base_url}/props", headers=key) as answer:
        return (await answer.json())["is_sleeping"]


async def test_it_ends_when_nobody_has_asked_for_long_and_never_within_an_answer():
    path = await asyncio.to_thread(tiny_model, Script(endless=True))
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), rests=Rests(0, 1e-9))
        try:
            (model,) = await engine.models()
            assert not await engine.rest()  # it does not run
            async with aclosing(engine.chat(model, asks("Hello", max_tokens=-1))) as answer:
                await anext(answer)
                await anext(answer)
                assert not await engine.rest()
            pid = engine.pid
            with anyio.fail_after(20):
                while not await engine.rest():  # a loop's clock may count in milliseconds
                    await anyio.lowlevel.checkpoint()
            assert engine.pid is None
            assert "length" == (await said(engine, model, asks("Hello", max_tokens=3)))[3]
            assert engine.pid not in {None, pid}
        finally:
            await engine.stop()


async def test_a_model_is_not_started_in_memory_that_is_not_free(monkeypatch):
    path = await asyncio.to_thread(tiny_model)
    full = psutil.virtual_memory()._replace(available=100_000)
    monkeypatch.setattr(embedded.psutil, "virtual_memory", lambda: full)
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), context=512)
        (model,) = await engine.models()
        with pytest.raises(EngineError, match=r"and 0 MB are free now; close other programs"):
            await engine.start(model)
        assert engine.pid is None


async def test_nothing_is_left_after_stop():
    async with running() as (engine, model, client):
        served = await engine.start(model)
        process = psutil.Process(engine.pid)
        await engine.stop()

        assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        assert engine.pid is None
        with pytest.raises(ClientConnectorError):
            await client.get(served.base_url)


async def rest(answer):
    return [data async for data in answer]


PARENT = """
import asyncio, sys
from pathlib import Path
from standby.adapters.child import Child
from standby.adapters.engines import embedded
from standby.adapters.net import http_client

async def main():
    async with http_client() as client:
        engine = embedded.engine(client, lambda: embedded.ModelFile(Path(sys.argv[1])), context=512)
        (model,) = await engine.models()
        await engine.start(model)
        print(engine.pid, "xllamacpp" in sys.modules, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
async def test_it_ends_when_its_parent_is_killed_and_the_parent_never_imports_the_engine():
    path = await asyncio.to_thread(tiny_model)
    parent = await anyio.open_process([sys.executable, "-c", PARENT, str(path)])
    try:
        assert parent.stdout is not None
        line = b""
        with anyio.fail_after(30):
            while not line.endswith(b"\n"):
                line += await parent.stdout.receive()
        pid, imported = line.split()
        child = psutil.Process(int(pid))
        parent.kill()
        await asyncio.to_thread(child.wait, 30)
        assert b"False" == imported
    finally:
        if parent.returncode is None:
            parent.kill()
        await parent.aclose()


def test_the_file_that_was_named_goes_before_all_others(tmp_path):
    (tmp_path / "a.gguf").touch()
    named = tmp_path / "elsewhere.gguf"
    named.touch()

    assert ModelFile(named) == choose_file(named, tmp_path)
    assert choose_file(tmp_path / "gone.gguf", tmp_path) is None


def test_a_real_model_goes_before_the_rehearsal_and_the_newest_first(tmp_path):
    assert choose_file(None, tmp_path / "no such folder") is None
    assert choose_file(None, tmp_path) is None
    rehearsal = tmp_path / REHEARSAL_FILE
    rehearsal.touch()
    assert ModelFile(rehearsal, rehearsal=True) == choose_file(None, tmp_path)
    for name in ("mmproj-x.gguf", "x-00002-of-00003.gguf", "notes.txt"):
        (tmp_path / name).touch()
    assert ModelFile(rehearsal, rehearsal=True) == choose_file(None, tmp_path)
    for age, name in enumerate(("new-00001-of-00002.gguf", "old.gguf")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    chosen = choose_file(None, tmp_path)
    assert chosen == ModelFile(tmp_path / "new-00001-of-00002.gguf")
    assert "new-00001-of-00002" == chosen.id


async def test_the_rehearsal_model_is_named_as_one_and_knows_no_tools():
    async with http_client() as client:
        file = ModelFile(Path("/nowhere") / REHEARSAL_FILE, rehearsal=True)
        (model,) = await embedded.engine(client, lambda: file).models()

    assert (True, False, 8192) == (model.rehearsal, model.tools, model.context_tokens)
