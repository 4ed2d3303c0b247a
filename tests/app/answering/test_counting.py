import asyncio
from contextlib import aclosing

import anyio
import pytest

from standby.adapters.engines import embedded
from standby.adapters.engines.embedded import ModelFile
from standby.adapters.net import http_client
from standby.app.answering import counting
from standby.app.answering.counting import Counting
from standby.app.local.engines import Engines, Preference
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.request import NOBODY, Caller, Request
from standby.core.wire.asked import read
from standby.core.wire.json import dumps, loads
from tests.fakes.agents import TOOLS, said, words
from tests.fakes.clock import SetClock
from tests.fakes.counters import CountingEngine, model
from tests.models.tiny_gguf import Script, tiny_model

pytestmark = pytest.mark.anyio

HERE = Caller(NOBODY, trusted=True)
AT_ONCE = 25
"""What Claude Code sends for its ``/context``."""


class Answers:
    """A client's end that keeps the answer."""

    async def deliver(self, head, body):
        self.status, self.tokens = head.status, loads(body)["input_tokens"]


async def counted(counts, **fields):
    body = {"model": "claude-opus-5-5", "messages": [said("foo")], "tools": TOOLS, **fields}
    wire = Answers()
    await counts.count(Request("POST", "/v1/messages/count_tokens", (), dumps(body)), HERE, wire)
    assert 200 == wire.status
    return wire.tokens


async def started(*engines):
    known = Engines(engines, Preference(), SetClock())
    await known.refresh()
    return Counting(None, known, None)


class SilentEngine(CountingEngine):
    """Has the true count, and never tells."""

    async def count(self, model, body):
        await anyio.sleep_forever()


async def test_a_server_that_counts_gives_its_own_count():
    engine = CountingEngine(model(), bytes_per_token=1)
    counts = await started(engine)

    small, large = await counted(counts), await counted(counts, messages=[said(words(3_000))])

    assert 2 == len(engine.counted)
    assert 2_900 < large - small < 3_200


@pytest.mark.parametrize("offered", [model(counts=False), model(loaded=False), None])
async def test_without_one_the_count_is_an_estimate(offered):
    engine = CountingEngine(offered or model(), bytes_per_token=1)
    counts = await started(*([engine] if offered else []))

    tokens = await counted(counts, messages=[said(words(3_000))])

    assert [] == engine.counted
    assert 3_000 / 3 < tokens < 6_000 / 3


async def test_a_server_that_does_not_say_in_time_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(counting, "HERE_S", 0.05)
    counts = await started(SilentEngine(model()))

    with anyio.fail_after(5):
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(counted(counts)) for _ in range(AT_ONCE)]

    assert 1 == len({task.result() for task in asked})


@pytest.mark.timeout(60)
async def test_25_counts_at_once_do_not_queue_behind_an_answer_that_never_ends():
    path = await asyncio.to_thread(tiny_model, Script(endless=True))
    async with http_client() as client:
        engine = embedded.engine(client, lambda: ModelFile(path), context=65_536)
        try:
            (offered,) = await engine.models()
            body = {"messages": [{"role": "user", "content": "go"}], "stream": True}
            endless = engine.chat(offered, {**body, "max_tokens": 60_000})
            async with aclosing(endless) as answer:
                await anext(answer)  # it runs
                counts = await started(engine)
                began = anyio.current_time()
                async with asyncio.TaskGroup() as group:
                    asked = [group.create_task(counted(counts)) for _ in range(AT_ONCE)]
                took = anyio.current_time() - began
                await anext(answer)  # and still does
            alone = await counted(counts)
            asks = read(dumps({"model": "m", "messages": [said("foo")], "tools": TOOLS}))
            exact = await engine.count(offered, to_chat(asks, counts._engines.known()[0]).body)
        finally:
            await engine.stop()

    assert {exact} == {alone, *(task.result() for task in asked)}
    assert took < 1.0
