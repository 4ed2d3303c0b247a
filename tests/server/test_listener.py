"""What the HTTP server refuses before there is a request."""

import asyncio
import contextlib
import socket
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from standby.server import listener
from standby.server.client import WholeResponse
from standby.testing.place import ended
from tests.fakes.front import OURS, Answer, echoes, gateway, whole

pytestmark = pytest.mark.anyio

CANARY = "canary-credential-5b1e"


async def said(port, raw):
    """All that the server says to these bytes, until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "lines",
    [
        "GET / HTTP/1.1|Host: h|Content-Length: 3|Transfer-Encoding: chunked",
        "GET / HTTP/1.1|Host: h|Transfer-Encoding: odd",
        "GET / HTTP/1.1|Host: h|Content-Length: 3|Content-Length: 4",
        "GET / HTTP/1.1|Host: h|Content-Length: -3",
        "GET / HTTP/1.1|Host : h",
        f"GET / HTTP/1.1|Host: h|x-api-key: {CANARY}\x00",
        f"GET / HTTP/1.1|Host: h|x-api-key: {CANARY}\rX: y",
        f"ODD /k/{CANARY}/v1 v2 HTTP/1.1",
        "\x16\x03\x01\x02\x00\x01",
    ],
    ids=range(9),
)
async def test_what_is_not_http_is_refused_without_a_word_of_it(lines, caplog):
    caplog.set_level("DEBUG")
    async with gateway(echoes) as running:
        smuggled = f"GET /standby/health HTTP/1.1|Host: 127.0.0.1:{running.port}"
        raw = f"{lines}||{smuggled}||".replace("|", "\r\n").encode("latin-1")
        answer = Answer(await said(running.port, raw))

    assert 400 == answer.status
    assert ("invalid_request_error", "this is not a request in HTTP") == answer.error
    assert "server" not in answer.headers
    assert CANARY not in caplog.text
    assert [] == running.requests


@pytest.mark.parametrize(
    "lines",
    [
        "HTTP/1.1|Transfer-Encoding: gzip, chunked",
        "HTTP/1.1|Transfer-Encoding: |Content-Length: 5",
        "HTTP/1.0|Transfer-Encoding: chunked",
        "HTTP/2.0|Content-Length: 5",
    ],
    ids=range(4),
)
async def test_what_others_could_read_in_another_way_is_refused_and_ends_the_connection(lines):
    async with gateway(echoes) as running:
        host = f"Host: 127.0.0.1:{running.port}"
        head = f"POST /v1/messages {lines}|{host}|{OURS}||".replace("|", "\r\n")
        next_one = f"GET /standby/health HTTP/1.1\r\n{host}\r\n\r\n"
        raw = await said(running.port, f"{head}5\r\nhello\r\n0\r\n\r\n{next_one}".encode())

    assert (400, "invalid_request_error") == (Answer(raw).status, Answer(raw).error[0])
    assert b"status" not in raw
    assert [] == running.requests


async def test_a_body_that_turns_out_to_be_none_is_refused_when_it_does(caplog):
    caplog.set_level("DEBUG")
    async with gateway(echoes) as running:
        host = f"Host: 127.0.0.1:{running.port}"
        head = f"POST /v1/messages HTTP/1.1\r\n{host}\r\n{OURS}\r\nTransfer-Encoding: chunked"
        next_one = f"GET /standby/health HTTP/1.1\r\n{host}\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(f"{head}\r\nExpect: 100-continue\r\n\r\n".encode())
        async with asyncio.timeout(5):
            await reader.readuntil(b"Continue\r\n\r\n")  # and so it waits for the body
            writer.write(f"5\r\nhello\r\n{CANARY}\r\n0\r\n\r\n{next_one}".encode())
            answer = Answer(await reader.read())
        writer.close()

    assert (400, "the body breaks the rules of HTTP") == (answer.status, answer.error[1])
    assert "close" == answer.headers["connection"]
    assert [] == running.requests
    assert CANARY not in caplog.text
    assert "Traceback" not in caplog.text


class Slow:
    """A front that reads a body when it is told to."""

    def __init__(self):
        self.begun, self.goes_on = asyncio.Event(), asyncio.Event()

    async def handle(self, request):
        self.begun.set()
        await self.goes_on.wait()
        return WholeResponse(200, (), await request.read())


async def test_what_is_no_request_does_not_spoil_the_whole_one_before_it():
    front = Slow()
    runner = web.ServerRunner(listener.server_of(front), shutdown_timeout=0.1)
    await runner.setup()
    taken = socket.create_server(("127.0.0.1", 0))
    try:
        await web.SockSite(runner, taken).start()
        reader, writer = await asyncio.open_connection(*taken.getsockname())
        async with asyncio.timeout(5):
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            await front.begun.wait()
            [connection] = runner.server.connections
            connection.data_received(b"no request\r\n\r\n")
            front.goes_on.set()
            raw = await reader.read()
        writer.close()
    finally:
        await ended(runner)

    assert raw.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\n\r\nhelloHTTP/1.0 400" in raw


async def test_headers_may_take_no_longer_than_a_deadline(monkeypatch):
    monkeypatch.setattr(listener, "HEADERS_S", 0.05)
    async with gateway(echoes) as running:
        # What was not read when a connection is closed may end it with a reset.
        with contextlib.suppress(ConnectionError):
            raw = await said(running.port, f"POST /v1/messages HTTP/1.1\r\n{OURS}".encode())
            assert b"" == raw

    assert [] == running.requests


async def test_a_request_whose_headers_came_may_take_its_time(monkeypatch):
    monkeypatch.setattr(listener, "HEADERS_S", 0.5)

    async def slow(request, wire):
        await asyncio.sleep(0.7)
        await echoes(request, wire)

    async with gateway(slow) as running:
        assert b"{}" == (await running.post(body=b"{}")).body


async def test_headers_may_be_as_large_as_clients_send_them():
    large = f"X-Large: {'x' * 60_000}"
    async with gateway(echoes) as running:
        assert 200 == (await running.post(large)).status


async def test_headers_without_end_end_the_connection(caplog):
    async with gateway(echoes) as running:
        raw = f"POST /v1/messages HTTP/1.1\r\n{OURS}\r\nX: {CANARY}{'x' * 1_000_000}".encode()
        # What was not read when a connection is closed may take the answer with it.
        with contextlib.suppress(ConnectionError):
            assert 400 == Answer(await said(running.port, raw)).status

    assert [] == running.requests
    assert CANARY not in caplog.text


async def test_of_many_half_open_connections_the_oldest_has_to_go(monkeypatch):
    monkeypatch.setattr(listener, "MOST_HALF_OPEN", 3)
    monkeypatch.setattr(listener, "CHANCE_S", 0.02)
    async with gateway(echoes) as running, AsyncExitStack() as stack:
        lines = []
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            stack.callback(writer.close)
            writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: h")
            await writer.drain()
            lines.append(reader)
        async with asyncio.timeout(5):
            gone = [await reader.read() for reader in lines[:2]]
            good = await running.post(body=b"{}")

        assert [b"", b""] == gone
        assert 200 == good.status
        assert not any(reader.at_eof() for reader in lines[3:])


async def test_of_many_that_still_have_a_body_to_send_the_oldest_has_to_go(monkeypatch):
    monkeypatch.setattr(listener, "MOST_HALF_OPEN", 3)
    async with gateway(echoes) as running, AsyncExitStack() as stack:
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nContent-Length: 9\r\n\r\n"
        lines = []
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            stack.callback(writer.close)
            writer.write(head.encode() + b"a")
            async with asyncio.timeout(5):
                assert 401 == Answer(await whole(reader, "POST")).status
            writer.write(b"b")
            lines.append(reader)
        async with asyncio.timeout(5):
            for reader in lines[:2]:
                await reader.read()

        assert not any(reader.at_eof() for reader in lines[2:])


async def test_a_crowd_that_connects_before_it_asks_is_answered(monkeypatch):
    monkeypatch.setattr(listener, "MOST_HALF_OPEN", 3)
    async with gateway(echoes) as running, AsyncExitStack() as stack:
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n{OURS}\r\n\r\n"
        # These lie in the listening socket with all that they ask for.
        early = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(20)]
        for line in early:
            line.sendall(head.encode())
        lines = [await asyncio.open_connection(sock=line) for line in early]
        late = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(20)]
        for _, writer in late:
            writer.write(head.encode())
        answers = []
        for reader, writer in (*lines, *late):
            stack.callback(writer.close)
            async with asyncio.timeout(5):
                answers.append(await reader.read(12))

    assert {b"HTTP/1.1 200"} == set(answers)


async def test_a_connection_that_has_asked_once_is_not_half_open(monkeypatch):
    monkeypatch.setattr(listener, "MOST_HALF_OPEN", 1)
    monkeypatch.setattr(listener, "CHANCE_S", 0.02)
    async with gateway(echoes) as running, AsyncExitStack() as stack:
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n{OURS}\r\n\r\n"
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            stack.callback(writer.close)
            for _ in range(2):
                writer.write(head.encode())
                async with asyncio.timeout(5):
                    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
