import asyncio
from contextlib import aclosing

import anyio
import pytest

from standby.adapters.engines import embedded
from standby.adapters.engines.embedded import ModelFile
from standby.adapters.net import http_client
from standby.app.answering import counting
from standby.app.answering.counting import Counting
from standby.app.cloud.passage import Passage
from standby.app.local.engines import Engines, Preference
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.request import NOBODY, Caller, Request
from standby.core.wire.asked import read
from standby.core.wire.headers import SERVED_BY
from standby.core.wire.json import dumps, loads
from tests.fakes.agents import TOOLS, said, words
from tests.fakes.clock import SetClock
from tests.fakes.counters import CountingEngine, model
from tests.fakes.line import DOWN, JSON_HEAD, KNOWN, NO_CREDIT, STRANGER, Tape, Way, five_hours
from tests.fakes.replies import HOUR, NOW
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


COUNT = b'{"input_tokens": 4711}'
REFUSAL = five_hours(NOW + 5 * HOUR)


async def told(*answer, caller=KNOWN, body=None):
    """What a client is told whose credential the cloud has seen, and the way to that cloud."""
    way = Way(list(answer))
    counts = Counting(way.line, Engines([], Preference(), way.clock), Passage(way.line))
    asks = {"model": "claude-opus-5-5", "messages": [said("foo")]}
    tape = Tape()
    request = Request("POST", "/v1/messages/count_tokens", (), body or dumps(asks))
    await counts.count(request, caller, tape)
    return tape, way


async def test_while_the_cloud_counts_its_count_comes_to_the_byte():
    tape, way = await told(JSON_HEAD, COUNT)

    assert (200, COUNT, "cloud") == (tape.head.status, tape.sent, tape.head.header(SERVED_BY))
    assert 1 == len(way.cloud.seen)


@pytest.mark.parametrize("answer", [REFUSAL, DOWN], ids=["refused", "out of reach"])
async def test_a_cloud_that_does_not_count_is_counted_for(answer):
    tape, _ = await told(*answer)

    assert (200, "local") == (tape.head.status, tape.head.header(SERVED_BY))
    assert loads(tape.sent)["input_tokens"] > 0


@pytest.mark.parametrize(("answer", "status"), [(REFUSAL, 429), (NO_CREDIT, 400), (DOWN, 502)])
async def test_a_stranger_is_told_what_the_cloud_says_and_no_count_of_ours(answer, status):
    tape, _ = await told(*answer, caller=STRANGER)

    assert status == tape.head.status
    assert "local" != tape.head.header(SERVED_BY)


async def test_what_is_no_request_is_the_clouds_to_judge_and_ours_where_it_is_not_asked():
    by_cloud, way = await told(JSON_HEAD, COUNT, body=b"nonsense")
    by_us, left_alone = await told(JSON_HEAD, COUNT, caller=HERE, body=b"nonsense")

    assert (200, COUNT, 1) == (by_cloud.head.status, by_cloud.sent, len(way.cloud.seen))
    assert (400, 0) == (by_us.head.status, len(left_alone.cloud.seen))


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
async def test_25_counts_at_once_do_not_queue_behind_an_answer_that_never_ends(monkeypatch):
    # A count that waited for the answer's end would be estimated, which another number comes of.
    monkeypatch.setattr(counting, "HERE_S", 15.0)
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
                async with asyncio.TaskGroup() as group:
                    asked = [group.create_task(counted(counts)) for _ in range(AT_ONCE)]
                await anext(answer)  # and still does
            alone = await counted(counts)
            asks = read(dumps({"model": "m", "messages": [said("foo")], "tools": TOOLS}))
            exact = await engine.count(offered, to_chat(asks, counts._engines.known()[0]).body)
        finally:
            await engine.stop()

    assert {exact} == {alone, *(task.result() for task in asked)}
