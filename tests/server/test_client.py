"""The headers of an answer, and what is sent without waiting, as the client gets them."""

import asyncio
from contextlib import suppress

import pytest

from standby.core.wire.headers import Head
from standby.core.wire.messages import PING
from standby.server.client import ClientWire
from standby.server.listener import server_of
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


class Written(asyncio.Transport):
    """What a connection writes, call by call."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def write(self, data):
        self.calls.append(bytes(data))

    def is_closing(self):
        return False

    def close(self):
        pass


class Once:
    """A front that does one thing with the wire of a request, and tells what was written by it."""

    def __init__(self, does):
        self.does = does
        self.written = asyncio.get_running_loop().create_future()

    async def handle(self, request):
        wire = ClientWire(request)
        await self.does(wire)
        self.written.set_result([*request.transport.calls])
        await wire.finish()
        return wire.response


async def written(does, method="POST"):
    """Return the calls in which what is done goes out."""
    front = Once(does)
    connection = server_of(front)()
    connection.connection_made(Written())
    connection.data_received(f"{method} / HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    async with asyncio.timeout(5):
        calls = await front.written
    connection.connection_lost(None)
    return calls


@pytest.mark.parametrize(
    ("does", "body"),
    [
        (lambda wire: wire.start(STREAM, b"first"), b"5\r\nfirst\r\n"),
        (lambda wire: wire.deliver(Head(200, ()), b"all"), b"all"),
        (lambda wire: wire.keep_alive(), b"%x\r\n%b\r\n" % (len(PING.raw), PING.raw)),
    ],
)
async def test_the_headers_go_out_in_one_write_with_what_follows_them(does, body):
    [call] = await written(does)

    assert call.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == call.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("method", ["POST", "HEAD"])
@pytest.mark.parametrize("first", [b"", b"first"])
async def test_headers_that_nothing_follows_do_not_wait(method, first):
    head = Head(200, (("content-length", "5"),))

    [call] = await written(lambda wire: wire.start(head, first), method)

    assert call.endswith(b"\r\n\r\n" + (first if method == "POST" else b""))


async def test_a_long_answer_is_not_copied_to_stand_behind_its_headers():
    long = b"~" * 1_000_000

    head, *rest = await written(lambda wire: wire.deliver(Head(200, ()), long))

    assert head.endswith(b"\r\n\r\n")
    assert [long] == rest
