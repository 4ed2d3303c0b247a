"""What the HTTP server refuses before there is a request."""

import asyncio
import contextlib
import socket
from contextlib import AsyncExitStack

import pytest

from standby.server import listener
from tests.fakes.front import OURS, Answer, echoes, gateway

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
