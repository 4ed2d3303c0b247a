"""Where a fake is served: a port on loopback that can fall silent for a while and come back."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from standby.core.request import Headers

__all__ = ["Place", "ended", "headers_of"]

_HOST: Final = "127.0.0.1"
_SHUTDOWN_S: Final = 0.5
_TURNS: Final = 4


class Place:
    """A server for every path, from :meth:`open` to :meth:`close`."""

    def __init__(
        self,
        serve: Callable[[web.Request], Awaitable[web.StreamResponse]],
        port: int,
        most_bytes: int,
    ) -> None:
        """``port`` 0: a free one, which is kept. ``most_bytes``: the largest body it takes."""
        self._port = port
        app = web.Application(client_max_size=most_bytes)
        app.router.add_route("*", "/{tail:.*}", serve)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S
        )
        self._site: web.SockSite | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{_HOST}:{self._port}"

    async def open(self) -> None:
        """Begin to listen."""
        await self._runner.setup()
        await self._listen()

    async def close(self) -> None:
        """End, with all that is under way."""
        await ended(self._runner)

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Refuse every connection while the context lasts; those that are open are closed."""
        await self._deafen()
        try:
            yield
        finally:
            await self._listen()

    async def _listen(self) -> None:
        listening = socket.create_server((_HOST, self._port))
        self._port = listening.getsockname()[1]
        self._site = web.SockSite(self._runner, listening)
        await self._site.start()

    async def _deafen(self) -> None:
        if self._site is not None:
            await self._site.stop()
        server = self._runner.server
        for connection in server.connections if server is not None else []:
            connection.force_close()
        await asyncio.sleep(0)  # the loop closes the listening socket at its next turn


async def ended(runner: web.BaseRunner) -> None:
    """End a server with all of its connections, one that is just being accepted among them.

    asyncio takes some turns of its loop from the accepting to a transport that the server knows;
    where the server ends meanwhile, nobody closes it.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    await runner.cleanup()


def headers_of(request: web.Request) -> Headers:
    """Return the headers of a request as they came, in their order."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers
    )
