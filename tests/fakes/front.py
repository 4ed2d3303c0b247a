"""A front on a port of its own, and a client that sees the bytes of its answers."""

import asyncio
import socket
from contextlib import asynccontextmanager

from aiohttp import web

from standby.adapters.host.secrets import same_secret
from standby.core.redact import Secret
from standby.core.wire.headers import Head
from standby.core.wire.json import loads
from standby.server.control import ControlDoor
from standby.server.front import Front
from standby.server.guard import Guard, Visits
from standby.server.listener import server_of
from standby.server.messages import MessagesDoor
from standby.testing.place import ended
from tests.fakes.clock import LoadedDice
from tests.fakes.fingerprints import PlainFingerprints

TOKEN = "canary-token-2f9d"
STREAM = Head(200, (("content-type", "text/event-stream"), ("X-Odd-Case", "ü")))


class Gateway:
    """A front whose every door is one service, on a port of its own."""

    def __init__(self, service):
        self.port = 0
        self.front = None
        self.requests = []
        self.service = service
        self.cancelled = asyncio.Event()

    async def serve(self, request, caller, wire):
        self.requests.append((request, caller))
        try:
            await self.service(request, wire)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def status(self):
        return {"all": "well"}

    async def recent(self, _limit):
        return []

    async def use(self, fields):
        return dict(fields)

    async def raw(self, *lines, body=b""):
        """Send a request as it is written here; return status, headers and body as they come."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = "\r\n".join((lines[0], f"Host: 127.0.0.1:{self.port}", *lines[1:]))
            lines = f"{head}\r\nConnection: close\r\n\r\n"
            writer.write(lines.encode(errors="surrogateescape") + body)
            async with asyncio.timeout(5):
                return Answer(await whole(reader, lines[0]))
        finally:
            writer.close()

    async def post(self, *lines, body=b"{}", path="/v1/messages"):
        length = f"Content-Length: {len(body)}"
        return await self.raw(f"POST {path} HTTP/1.1", OURS, length, *lines, body=body)

    async def post_as_stranger(self, body):
        length = f"Content-Length: {len(body)}"
        return await self.raw("POST /v1/messages HTTP/1.1", "x-api-key: k", length, body=body)


class Page:
    """A door of the gateway's own, with one page behind it."""

    def serves(self, path):
        return path in ("/standby/", "/metrics")

    async def serve(self, method, target, headers, wire):
        await wire.deliver(Head(200, (("Content-Type", "text/plain"),)), b"our page")


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.lines = [tuple(line.split(": ", 1)) for line in lines]
        self.headers = {name.lower(): value for name, value in self.lines}
        if self.headers.get("transfer-encoding") == "chunked":
            self.body, self.whole = dechunked(self.body)

    @property
    def error(self):
        value = loads(self.body)
        assert "error" == value["type"]
        return value["error"]["type"], value["error"]["message"]


async def whole(reader, request_line):
    """One answer: the server may go on to read what the client has left to say."""
    head = await reader.readuntil(b"\r\n\r\n")
    answer = Answer(head)
    if answer.headers.get("transfer-encoding") == "chunked":
        return head + await reader.read()
    has_body = not request_line.startswith("HEAD")
    return head + await reader.readexactly(int(answer.headers.get("content-length", 0)) * has_body)


def dechunked(data):
    body = b""
    while True:
        size, end, data = data.partition(b"\r\n")
        if not end or not size:
            return body, False
        if int(size, 16) == 0:
            return body, True
        body += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]


OURS = f"x-standby-token: {TOKEN}"
VISIT = "Cookie: a=b; standby-1=of-a-visit"
CLOSED = b"run standby dashboard"


@asynccontextmanager
async def gateway(service=None):
    running = Gateway(service)
    door = MessagesDoor(*[running.serve] * 5)
    control = ControlDoor(running, lambda nonce: f"proof of {nonce}", running, running, running)
    taken = socket.create_server(("127.0.0.1", 0))
    running.port = taken.getsockname()[1]
    visits = Visits("standby-1", lambda key: key == "of-a-visit")
    guard = Guard(Secret(TOKEN), same_secret, PlainFingerprints(), running.port, visits=visits)
    front = running.front = Front(
        guard, door, control, LoadedDice().mint, (Page(),), lambda code: (Head(code, ()), CLOSED)
    )
    runner = web.ServerRunner(server_of(front), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, taken).start()
        yield running
    finally:
        await ended(runner)


def delivers(head, body=b""):
    async def service(_request, wire):
        await wire.deliver(head, body)

    return service


def streams(head, *pieces):
    async def service(_request, wire):
        await wire.start(head)
        for piece in pieces:
            if isinstance(piece, bytes):
                await wire.send(piece)
            else:
                await piece(wire)
        await wire.finish()

    return service


async def echoes(request, wire):
    await wire.deliver(Head(200, ()), request.body)
