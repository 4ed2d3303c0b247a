"""A cloud that reads a request and then does, byte for byte, what a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What to do with one request. The connection is closed where it raises :class:`HangUpError`."""


class HangUpError(Exception):
    """The cloud closes the connection."""


@dataclass
class Asked:
    """One request as it came."""

    connection: int
    head: bytes
    body: bytes

    @property
    def line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    @property
    def lines(self) -> list[bytes]:
        return self.head.rstrip().split(b"\r\n")[1:]


@dataclass
class RawCloud:
    """``acts`` are used in turn, the last one again and again."""

    acts: list[Act]
    url: str = ""
    seen: list[Asked] = field(default_factory=list)
    connections: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a connection has ended."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.writers.append(writer)
        try:
            while True:
                self.seen.append(await _request(reader, number))
                await self.acts[min(len(self.seen), len(self.acts)) - 1](reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        except HangUpError:
            return
        finally:
            writer.close()
            self.gone.set()


async def _request(reader: asyncio.StreamReader, number: int) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    size = int(lengths[0].partition(b":")[2]) if lengths else 0
    return Asked(number, head, await reader.readexactly(size))


def says(*parts: bytes, then_hangs_up: bool = False) -> Act:
    """Send these bytes, each part in a write of its own."""

    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then_hangs_up:
            raise HangUpError

    return act


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    raise HangUpError


async def says_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Wait until the client goes."""
    with suppress(ConnectionError):
        await reader.read()
    raise HangUpError


@asynccontextmanager
async def raw_cloud(*acts: Act, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawCloud]:
    """Serve on loopback until the block ends."""
    cloud = RawCloud(list(acts))
    server = await asyncio.start_server(cloud.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    cloud.url = f"http{'s' if tls else ''}://{'localhost' if tls else '127.0.0.1'}:{port}"
    try:
        yield cloud
    finally:
        server.close()
        for writer in cloud.writers:
            writer.transport.abort()
