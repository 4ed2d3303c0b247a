"""The real llama.cpp server hangs: it is noticed, it ends, and the next use starts another."""

import asyncio
import ctypes
import os
import signal
import sys
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress

import psutil
import pytest

from standby.adapters.engines import embedded, on_path
from standby.adapters.net import http_client
from standby.ports import EngineError
from tests.models.llama_server import put_on_path
from tests.models.tiny_gguf import tiny_model

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name == "nt", reason="a process cannot be stopped there"),
]

ASKS = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
LONG = {
    "messages": [{"role": "user", "content": " ".join(f"word {n}" for n in range(8000))}],
    "stream": True,
}
WHY = "it hangs: so says the test"
SOON_S = 30
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
ALL_THREADS = 0x40000000


@asynccontextmanager
async def running(kind, folder):
    """An engine of ours that serves the tiny model, and all processes of it."""
    file = await asyncio.to_thread(tiny_model)
    async with http_client() as client:
        if kind == "on PATH":
            await asyncio.to_thread(put_on_path, folder)
            engine = on_path.engine(client, file, context=65_536, path=str(folder))
        else:
            choose = lambda: embedded.ModelFile(file)  # noqa: E731
            engine = embedded.engine(client, choose, context=65_536)
        try:
            (offered,) = await engine.models()
            yield engine, await engine.start(offered)
        finally:
            await engine.stop()


@asynccontextmanager
async def asked_for_long(folder):
    async with (
        running("embedded", folder) as (engine, model),
        aclosing(engine.chat(model, LONG)) as answer,
    ):
        yield engine, answer


def family(engine):
    first = psutil.Process(engine.pid)
    return [first, *first.children(recursive=True)]


async def gone(process):
    async with asyncio.timeout(SOON_S):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def said(engine, model, asks=ASKS):
    async with aclosing(engine.chat(model, asks)) as answer:
        return b"".join([data async for data in answer])


@contextmanager
def computing_stopped(pid):
    """Have all threads of a process stand still that have computed; the others go on.

    The first one has done the start, and who waits for the process would take its stop for an end.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    busy = [each.id for each in psutil.Process(pid).threads() if each.user_time > 0]
    threads = [each for each in busy if each != pid]
    if any(libc.ptrace(SEIZE, each, None, None) for each in threads):
        pytest.skip("this system lets nobody stop a thread")
    for each in threads:
        libc.ptrace(INTERRUPT, each, None, None)
        os.waitpid(each, ALL_THREADS)
    try:
        yield
    finally:
        for each in threads:
            libc.ptrace(DETACH, each, None, None)
            with suppress(ChildProcessError):  # it lives; else whoever stopped it buries it
                os.waitpid(each, ALL_THREADS)


@pytest.mark.parametrize("kind", ["embedded", "on PATH"])
async def test_one_that_hangs_ends_with_all_its_processes_and_another_answers(tmp_path, kind):
    async with running(kind, tmp_path) as (engine, model):
        hung = family(engine)
        hung[-1].send_signal(signal.SIGSTOP)
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(fails(engine, model))
            assert not await engine.turns(0.5)
            await engine.give_up(WHY)
        for process in hung:
            await gone(process)
        again = await said(engine, model)

        assert f"{engine.spec.title}: {WHY}" == answer.result()
        assert b"scripted" in again
        assert engine.pid != hung[0].pid


async def fails(engine, model):
    with pytest.raises(EngineError) as failure:
        await said(engine, model)
    return str(failure.value)


async def test_one_at_work_has_a_word_between_two_batches_and_is_not_deaf(tmp_path):
    async with asked_for_long(tmp_path) as (engine, answer):
        await anext(answer)
        assert await engine.turns(SOON_S)
        assert not await engine.is_deaf()


@pytest.mark.skipif(sys.platform != "linux", reason="threads are stopped as Linux does it")
async def test_where_only_what_computes_hangs_it_has_no_word_although_it_is_not_deaf(tmp_path):
    async with asked_for_long(tmp_path) as (engine, answer):
        await anext(answer)
        await anext(answer)  # by now it computes
        with computing_stopped(engine.pid):
            assert not await engine.turns(1.0)
            assert not await engine.is_deaf()
        assert await engine.turns(SOON_S)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are stopped as Linux does it")
async def test_its_answer_says_that_it_hangs_also_where_its_end_takes_long(tmp_path):
    async with running("embedded", tmp_path) as (engine, model):
        await said(engine, model, {**LONG, "max_tokens": 1})  # so that it is seen what computes
        with computing_stopped(engine.pid):  # which keeps it from being gone, too
            async with asyncio.TaskGroup() as group:
                answer = group.create_task(fails(engine, model))
                # What has failed at once would be asked of another.
                assert not await engine.turns(1.5)
                await engine.give_up(WHY)

    assert f"{engine.spec.title}: {WHY}" == answer.result()


async def test_one_that_does_not_run_is_neither_deaf_nor_at_work(tmp_path):
    async with running("embedded", tmp_path) as (engine, _):
        await engine.stop()

        assert not await engine.is_deaf()
        assert not await engine.turns(SOON_S)
        await engine.give_up(WHY)
