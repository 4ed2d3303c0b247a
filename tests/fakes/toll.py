"""A gate on the way to a server that counts what passes at the socket: connections and bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Toll:
    """Every connection that was accepted, whatever was said over it, and every byte that came."""

    url: str = ""
    connections: int = 0
    bytes: int = 0
    _to: tuple[str, int] = ("", 0)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        there, onward = await asyncio.open_connection(*self._to)
        self._open.add(onward)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, onward, counts=True))
                both.create_task(self._carry(there, writer, counts=False))
        finally:
            for each in (writer, onward):
                each.close()
                self._open.discard(each)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                self.bytes += len(data) if counts else 0
                writer.write(data)
                await writer.drain()
            writer.close()

    def end(self) -> None:
        for writer in [*self._open]:
            writer.transport.abort()


@asynccontextmanager
async def toll(url: str) -> AsyncIterator[Toll]:
    """Stand before the server at a URL until the block ends."""
    to = urlsplit(url)
    gate = Toll(_to=(to.hostname or "", to.port or 80))
    server = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
    gate.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield gate
    finally:
        server.close()
        gate.end()
