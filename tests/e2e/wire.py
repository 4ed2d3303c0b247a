"""Both ends of a gateway as bare sockets: what goes in and what comes out, to the byte."""

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

DEADLINE_S = 30
# Of one hop alone (RFC 9110 7.6.1), or written anew by each.
OF_A_HOP = {
    *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    *("date", "host"),
}
# Long enough for a peer to read what came before as a piece of its own.
PAUSE_S = 0.001


@dataclass(frozen=True)
class Message:
    """A request or an answer as it was read from a socket."""

    first: str
    lines: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool = True

    @property
    def status(self):
        return int(self.first.split(" ")[1])

    @property
    def target(self):
        return self.first.split(" ")[1]

    def header(self, name):
        return next((value for key, value in self.lines if key.lower() == name), None)

    def end_to_end(self, *less):
        """The values of each header that is not of a hop, in order."""
        found = defaultdict(list)
        for name, value in self.lines:
            if name.lower() not in {*OF_A_HOP, *less}:
                found[name.lower()].append(value)
        return dict(found)


async def read_message(reader, *, bodiless=False):
    """Read one message; ``bodiless``: an answer to HEAD, or a 204 or 304, has no body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.removesuffix("\r\n\r\n").split("\r\n")
    lines = tuple(
        (name, value.strip(" ")) for name, _, value in (one.partition(":") for one in rest)
    )
    message = Message(first, lines, b"")
    is_answer = first.startswith("HTTP/")
    if bodiless or (is_answer and message.status in (204, 304)):
        return message
    try:
        return Message(first, lines, await _body(reader, message, to_the_end=is_answer))
    except asyncio.IncompleteReadError as error:
        return Message(first, lines, error.partial, whole=False)


async def _body(reader, message, *, to_the_end):
    if message.header("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return body
    if length := message.header("content-length"):
        return await reader.readexactly(int(length))
    return await reader.read() if to_the_end else b""


class Cloud:
    """An upstream that answers with the bytes it is told, and keeps what it was asked."""

    def __init__(self):
        self.pieces = ()
        self.heard = []
        self.closes = False
        """Whether the end of the connection is the end of the answer."""
        self.sent = 0
        """How many bytes could be written."""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                self.heard.append(await read_message(reader))
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                    self.sent += len(piece)
                    await asyncio.sleep(PAUSE_S)
                if self.closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def until_stuck(self, within_s, for_s=0.3):
        """Wait until an answer has begun, and nobody has taken more of it for a while."""
        async with asyncio.timeout(within_s):
            before = 0
            while before == 0 or self.sent != before:
                before = self.sent
                await asyncio.sleep(for_s)

    def will(self, head, body=b"", *, framing="length", cuts=(), closes=False):
        """Say what the next answers are: a head without framing, a body, and where it is cut."""
        lengths = {
            "length": f"Content-Length: {len(body)}\r\n",
            "chunked": "Transfer-Encoding: chunked\r\n",
            "end": "Connection: close\r\n",
            "none": "",
        }
        places = [0, *sorted(cuts), len(body)]
        parts = [body[a:b] for a, b in pairwise(places) if a < b]
        if framing == "chunked":
            parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]
        self.pieces = (f"{head}{lengths[framing]}\r\n".encode("latin-1"), *parts)
        self.closes = closes or framing == "end"


def head_of(status, lines):
    """The start of an answer, to which its framing is added."""
    return f"HTTP/1.1 {status} Some Reason\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines)


class Socket:
    """A client's connection, kept open from one request to the next."""

    def __init__(self, url):
        self.port = int(re.search(r":(\d+)$", url)[1])

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, limit=2**20
        )
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    def write(self, method, target, lines=(), body=None):
        """Send a request as it is written here; its length is said when there is a body."""
        length = [] if body is None else [("Content-Length", str(len(body)))]
        told = [("Host", f"127.0.0.1:{self.port}"), *lines, *length]
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in told)
        self.writer.write(f"{head}\r\n".encode("latin-1") + (body or b""))

    async def ask(self, method, target, lines=(), body=None):
        """Send a request, and read its answer."""
        self.write(method, target, lines, body)
        return await self.answer(bodiless=method == "HEAD")

    async def answer(self, *, bodiless=False):
        async with asyncio.timeout(DEADLINE_S):
            return await read_message(self.reader, bodiless=bodiless)
