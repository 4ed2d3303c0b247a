"""A cloud for a thousand streams at once: each event says which it is, and when it was sent.

A word in the request, ``tick-EVENTS-GAP_US``, says how many events to send, and how far apart. It
writes on its sockets itself, by one timer for all streams: what it costs is not what is measured.
Run as a program, it prints its port.
"""

import asyncio
import heapq
import itertools
import re
import time

import uvloop
from upstream import CLOSING, HEADERS, OPENING, TICK

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
    b'"text":"<%d:%d> a few words of an answer"}       }\n\n'
)
LINES = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
HEAD = f"HTTP/1.1 200 OK\r\n{LINES}transfer-encoding: chunked\r\n\r\n".encode()
LAST = b"0\r\n\r\n"
NUMBERS = itertools.count(1)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Stream(asyncio.Protocol):
    """One connection: takes a request, and sends its events as they fall due."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._asked = bytearray()
        self._left = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self._asked += data
        head, blank, body = bytes(self._asked).partition(b"\r\n\r\n")
        if not blank or len(body) < int(LENGTH.search(head)[1]):
            return
        self._asked.clear()
        events, gap_us = map(int, TICK.search(body, max(0, body.rfind(b"tick-"))).groups())
        self.transport.write(HEAD + chunk(OPENING % next(NUMBERS)))
        self._clock.add(self, events, gap_us / 1e6)

    def tick(self, number: int, events: int) -> None:
        """Send an event, behind the last one the end."""
        if self.transport is None:
            return
        if number < events:
            self.transport.write(chunk(DELTA % (number, time.monotonic_ns())))
        else:
            self.transport.write(chunk(CLOSING) + LAST)


class Clock:
    """One timer for all streams."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Stream, int, int, float]] = []
        self._order = itertools.count()

    def add(self, stream: Stream, events: int, gap_s: float) -> None:
        self._push(time.monotonic() + gap_s, stream, 0, events, gap_s)

    def _push(self, at: float, stream: Stream, number: int, events: int, gap_s: float) -> None:
        heapq.heappush(self._due, (at, next(self._order), stream, number, events, gap_s))

    async def run(self) -> None:
        while True:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                at, _, stream, number, events, gap_s = heapq.heappop(self._due)
                stream.tick(number, events)
                if number < events:
                    self._push(at + gap_s, stream, number + 1, events, gap_s)
            wait_s = self._due[0][0] - time.monotonic() if self._due else 0.005
            await asyncio.sleep(min(0.005, max(0.0005, wait_s)))


async def serve() -> None:
    clock = Clock()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stream(clock), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await clock.run()


if __name__ == "__main__":
    uvloop.run(serve())
