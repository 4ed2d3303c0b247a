"""The headers of an answer, and what is sent without waiting, as the client gets them."""

import asyncio
from contextlib import suppress

import pytest

from standby.core.wire.headers import Head
from tests.fakes.front import OURS, STREAM, Answer, delivers, gateway, streams

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE", "sErVeR"])
@pytest.mark.parametrize("door", [delivers, streams])
async def test_a_header_that_was_given_stays_however_it_is_spelled(name, door):
    async with gateway(door(Head(200, ((name, "text/odd"),)), b"x")) as running:
        answer = await running.post()

    assert [(name, "text/odd")] == [
        line for line in answer.lines if line[0].lower() == name.lower()
    ]


@pytest.mark.parametrize("door", [delivers, streams])
async def test_no_content_type_and_no_server_is_made_up(door):
    async with gateway(door(Head(200, (("x-other", "1"),)), b"x")) as running:
        answer = await running.post()

    assert {"content-type", "server"}.isdisjoint(answer.headers)


async def asks(running, version="1.1"):
    """Send a request; return both ends of its connection, of which nothing is read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1024)
    line = f"POST /v1/messages HTTP/{version}\r\nHost: 127.0.0.1:{running.port}\r\n{OURS}"
    writer.write(f"{line}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    return reader, writer


async def everything(running, version):
    reader, writer = await asks(running, version)
    async with asyncio.timeout(5):
        got = await reader.read()
    writer.close()
    return got


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_what_is_sent_without_waiting_comes_like_the_rest(version):
    async def sends_now(wire):
        assert wire.ready
        wire.send_now(b"now, ")
        wire.send_now(b"")
        await wire.send(b"then ")
        wire.send_now(b"now again")

    async with gateway(streams(STREAM, b"first, ", sends_now)) as running:
        got = await everything(running, version)

    answer = Answer(got)
    assert b"first, now, then now again" == answer.body
    assert ("chunked" if version == "1.1" else None) == answer.headers.get("transfer-encoding")


async def test_a_client_takes_nothing_at_once_before_it_has_a_beginning():
    seen = []

    async def looks(wire):
        seen.append(wire.ready)

    async with gateway(streams(STREAM, looks, b"first", looks)) as running:
        await running.post()

    assert [False, True] == seen


async def test_a_client_that_reads_nothing_takes_nothing_at_once_and_is_waited_for():
    read_on, seen = asyncio.Event(), []

    async def fills(wire):
        while wire.ready and len(seen) < 10_000:
            wire.send_now(b"~" * 10_000)
            seen.append(1)
        assert len(seen) < 10_000, "what nobody reads lies in our memory"
        read_on.set()
        await wire.send(b"the end" * 20_000)
        seen.append("waited")

    async with gateway(streams(STREAM, b"first", fills)) as running:
        reader, writer = await asks(running)
        async with asyncio.timeout(10):
            await read_on.wait()
            assert "waited" not in seen
            got = await reader.read()
        writer.close()

    assert "waited" == seen.pop()
    assert len(seen) * 10_000 == got.count(b"~")


async def test_a_client_that_has_gone_takes_nothing():
    seen = asyncio.get_running_loop().create_future()

    async def breaks(wire):
        await wire.abort()
        seen.set_result(wire.ready)

    async with gateway(streams(STREAM, b"first", breaks)) as running:
        reader, writer = await asks(running)
        async with asyncio.timeout(5):
            assert not await seen
            with suppress(ConnectionError):
                await reader.read()
        writer.close()
