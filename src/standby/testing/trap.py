"""A server that nobody should ever come to: where redirects lead."""

import asyncio
from typing import Final, Self

__all__ = ["Trap"]

_HOST: Final = "127.0.0.1"


class Trap:
    """Counts who connects, and closes on them."""

    def __init__(self) -> None:
        self.visits = 0
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._came, _HOST, 0)
        self.url = "http://{}:{}".format(*self._server.sockets[0].getsockname()[:2])
        return self

    async def __aexit__(self, *_why: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _came(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()
