"""Client, gateway or engine goes away, told to end or killed: what becomes of the others."""

import asyncio
import signal
from contextlib import asynccontextmanager

import aiohttp
import psutil
import pytest

from standby.core.wire.json import dumps
from standby.testing.accounts import SUBSCRIPTION
from standby.testing.cloud import FakeCloud
from standby.wiring.serving import DRAIN_S
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway, model, until
from tests.e2e.wire import Cloud, Socket, head_of

pytestmark = pytest.mark.anyio

LOCAL = "I am the tiny test model and this reply was scripted."
SOON_S = 20
STREAMED = {**HELLO, "stream": True, "max_tokens": 20_000}
BY_HAND = {**STREAMED, "model": "local"}
# A stream of many events, more than sockets and buffers hold by themselves.
EVENT = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":' + (
    b'{"type":"text_delta","text":"%b"}}\n\n' % (b"x" * 4096)
)
LONG = (
    b'event: message_start\ndata: {"type":"message_start","message":{"model":"m","usage":{}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    + EVENT * 10_000
    + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


@asynccontextmanager
async def opened(gateway, body):
    """An answer that has begun to come."""
    client = Client(gateway)
    async with (
        aiohttp.ClientSession() as session,
        session.post(gateway.url + "/v1/messages", json=body, headers=client.headers) as answer,
    ):
        await answer.content.readany()
        yield answer


async def gone(pid):
    """Wait until a process has ended, whether anybody has buried it or not."""

    def ended():
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    await until(ended, SOON_S)


def worked_s(process):
    times = process.cpu_times()
    return times.user + times.system


async def idle(process):
    """Wait until a process does nothing."""
    at = [-1.0]

    def rests():
        at.append(worked_s(process))
        return at[-1] == at[-2]

    await until(rests, SOON_S, every_s=0.3)


async def busy(process):
    """Wait until a process works."""
    before = worked_s(process)
    await until(lambda: worked_s(process) - before > 0.1, SOON_S)


async def test_when_the_client_goes_the_cloud_is_left(tmp_path):
    # Its answer is far from its end, however late it is noticed that nobody reads it.
    async with FakeCloud(pace_s=1.0) as cloud, Gateway(tmp_path, cloud.url) as gateway:
        async with opened(gateway, STREAMED):
            assert not cloud.requests[-1].left
        await cloud.until(lambda cloud: cloud.requests[-1].left, SOON_S)
        await gateway.until(lambda: "cancelled" in gateway.log)


async def test_when_the_client_goes_before_there_is_an_answer_the_cloud_is_left(tmp_path, cloud):
    cloud.exhaust(SUBSCRIPTION, "hang")
    async with Gateway(tmp_path, cloud.url) as gateway:
        async with Socket(gateway.url) as socket:
            lines = list(Client(gateway).headers.items())
            socket.write("POST", "/v1/messages", lines, dumps(HELLO))
            await cloud.until(lambda cloud: cloud.requests, SOON_S)
        await cloud.until(lambda cloud: cloud.requests[-1].left, SOON_S)


async def test_when_the_client_goes_the_engine_stops(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model(endless=True)) as gateway:
        async with opened(gateway, BY_HAND) as answer:
            await answer.content.readany()
            engine = gateway.engine
        await gateway.until(lambda: "cancelled" in gateway.log)
        await idle(engine)
        rows = await gateway.recent()

    assert "cancelled" == rows[0]["outcome"]


async def test_a_slow_client_gets_all_of_it_and_fills_no_memory(tmp_path):
    async with Cloud() as cloud, Gateway(tmp_path, cloud.url) as gateway:
        head = head_of(200, [("Content-Type", "text/event-stream")])
        cloud.will(head, LONG, framing="chunked", cuts=range(0, len(LONG), 100_000))
        before = psutil.Process(gateway.pid).memory_info().rss
        async with Socket(gateway.url) as socket:
            lines = list(Client(gateway).headers.items())
            socket.write("POST", "/v1/messages", lines, dumps(STREAMED))
            # Everything on the way is full before the client takes any of it.
            await cloud.until_stuck(SOON_S)
            grown = psutil.Process(gateway.pid).memory_info().rss - before
            answer = await socket.answer()

    assert LONG == answer.body
    assert grown < 20_000_000


async def test_told_to_end_it_lets_a_running_answer_finish(tmp_path):
    async with (
        FakeCloud(pace_s=0.05) as cloud,
        Gateway(tmp_path, cloud.url) as gateway,
        opened(gateway, STREAMED) as answer,
        asyncio.TaskGroup() as both,
    ):
        stopping = both.create_task(gateway.stop())
        rest = await answer.read()

    assert b"event: message_stop\n" in rest[-100:]
    assert not cloud.requests[-1].left
    assert 0 == gateway.code
    assert stopping.result() < DRAIN_S / 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_end_it_does_not_wait_for_idle_connections(tmp_path, cloud, number):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway, Socket(gateway.url) as idle:
        client = Client(gateway)
        answer = await idle.ask("GET", "/standby/health", list(client.headers.items()))
        local = await client.say(model="local")
        engine = gateway.engine
        assert not idle.reader.at_eof(), "it was closed already"
        took_s = await gateway.stop(number)
        await gone(engine.pid)

    assert (200, LOCAL) == (answer.status, local.text)
    assert took_s < DRAIN_S / 2


async def test_an_engine_that_died_between_two_answers_is_started_again(tmp_path, cloud):
    cloud.exhaust(SUBSCRIPTION, "five_hour")
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        client = Client(gateway)
        first = await client.say()
        killed = gateway.engine
        killed.kill()
        await gone(killed.pid)
        answers = [await client.say(stream=stream) for stream in (True, False)]
        revived = gateway.engine

    assert LOCAL == first.text
    assert [200, 200] == [answer.status for answer in answers], answers
    assert [LOCAL, LOCAL] == [answer.text for answer in answers]
    assert killed.pid != revived.pid
    assert 1 == cloud.count()


async def test_an_engine_that_dies_within_an_answer_ends_it_with_an_error_and_is_started_again(
    tmp_path, cloud
):
    async with Gateway(tmp_path, cloud.url, await model(endless=True)) as gateway:
        async with opened(gateway, BY_HAND) as answer, asyncio.timeout(SOON_S):
            await answer.content.readany()
            killed = gateway.engine
            killed.kill()
            rest = await answer.read()
        async with opened(gateway, BY_HAND) as again:
            more = await again.content.readany()
            revived = gateway.engine

    assert b"event: error\n" in rest[-1000:]
    assert rest.endswith(b"\n\n")
    assert b"content_block_delta" in more
    assert killed.pid != revived.pid


@pytest.mark.timeout(120)
async def test_an_engine_that_hangs_within_an_answer_is_ended_and_the_next_answer_comes(
    tmp_path, cloud
):
    quick = {"LOCAL_IDLE_S": "1"}
    async with Gateway(tmp_path, cloud.url, await model(endless=True), quick) as gateway:
        async with opened(gateway, BY_HAND) as answer, asyncio.timeout(2 * SOON_S):
            await answer.content.readany()
            hung = gateway.engine
            hung.suspend()
            rest = await answer.read()
        await gone(hung.pid)
        async with opened(gateway, BY_HAND) as again:
            more = await again.content.readany()
            revived = gateway.engine

    assert b"event: error\n" in rest[-1000:]
    assert b"content_block_delta" in more
    assert hung.pid != revived.pid
    assert "it hangs: it does not answer at all any more" in gateway.log


async def test_an_engine_that_dies_before_its_answer_leaves_the_clouds_refusal(tmp_path, cloud):
    cloud.exhaust(SUBSCRIPTION, "five_hour")
    async with Gateway(tmp_path, cloud.url, await model(endless=True)) as gateway:
        client = Client(gateway)
        async with opened(gateway, STREAMED) as answer:
            await answer.content.readany()
        await gateway.until(lambda: "cancelled" in gateway.log)
        await idle(gateway.engine)
        async with asyncio.timeout(2 * SOON_S), asyncio.TaskGroup() as both:
            asking = both.create_task(client.say(max_tokens=20_000))
            await busy(gateway.engine)
            gateway.engine.kill()
        refused = asking.result()

    assert 429 == refused.status
    assert "false" == refused.headers["x-should-retry"]
    assert 1 == cloud.count()


async def test_a_gateway_that_is_killed_takes_its_engine_along(tmp_path, cloud):
    async with Gateway(tmp_path, cloud.url, await model()) as gateway:
        await Client(gateway).say(model="local")
        engine = gateway.engine
        gateway.kill()
        await gone(engine.pid)


async def test_a_gateway_that_is_killed_within_a_local_answer_takes_its_engine_along(
    tmp_path, cloud
):
    async with Gateway(tmp_path, cloud.url, await model(endless=True)) as gateway:
        async with opened(gateway, BY_HAND) as answer:
            engine = gateway.engine
            gateway.kill()
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
        await gone(engine.pid)
