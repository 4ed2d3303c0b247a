"""A thousand clients in one: each event is looked at for what it says, and nothing else is done."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from client import Line

STAMP = re.compile(rb'"<(\d+):(\d+)> ')
END = b'{"type":"message_stop"'


@dataclass
class Heard:
    """One answer: the delay of each event, in the order in which they came."""

    numbers: list[int] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    ended: bool = False
    status: bytes = b""

    def whole(self, events: int) -> bool:
        """Whether every event came, once and in order, and then the end."""
        return self.ended and self.numbers == list(range(events))


class _Stream(asyncio.Protocol):
    def __init__(self, asked: bytes) -> None:
        self._asked = asked
        self._rest = b""
        self.heard = Heard()
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(self._asked)

    def connection_lost(self, _error: Exception | None) -> None:
        self.done.set()

    def data_received(self, data: bytes) -> None:
        now, heard = time.monotonic_ns(), self.heard
        heard.status = heard.status or data[:15]
        events, _, self._rest = (self._rest + data).rpartition(b"\n\n")
        for number, stamp in STAMP.findall(events):
            heard.numbers.append(int(number))
            heard.delays_s.append((now - int(stamp)) / 1e9)
        if END in events:
            heard.ended = True
            self.done.set()
            self._transport.close()


async def ask(line: Line, body: bytes, deadline_s: float) -> Heard:
    """Return what came of one request, whole or not."""
    place = urlsplit(line.url)
    lines = "".join(f"{name}: {value}\r\n" for name, value in line.headers.items())
    head = f"POST /v1/messages HTTP/1.1\r\nHost: {place.netloc}\r\n{lines}"
    asked = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
    loop = asyncio.get_running_loop()
    transport, stream = await loop.create_connection(
        lambda: _Stream(asked), place.hostname, place.port
    )
    try:
        async with asyncio.timeout(deadline_s):
            await stream.done.wait()
    except TimeoutError:
        pass  # what is missing shows in what was heard
    finally:
        transport.abort()
    return stream.heard
