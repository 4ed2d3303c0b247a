"""The HTTP server under the front: aiohttp's, with the limits and the silence that it lacks."""

import asyncio
import logging
from functools import cached_property
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import PayloadEncodingError

from standby.core.wire import errors
from standby.server.client import WholeResponse
from standby.server.front import Front

__all__ = ["Server", "server_of"]

log = logging.getLogger(__name__)

HEADERS_S: Final = 10.0
"""How long a new connection may take to send the head of its first request."""
CHANCE_S: Final = 1.0
"""How old a connection must be to count as half-open: a busy gateway may not have read it yet."""
MOST_HALF_OPEN: Final = 128
"""How many of these may be without the head of their first request, or still have to send a body
that nobody wants; the oldest has to go."""
KEEP_CONNECTION_S: Final = 75.0
HEADER_BYTES: Final = 64 * 1024
READ_BYTES: Final = 256 * 1024


class Server(web.Server):
    """Makes a :class:`Connection` for each client."""

    @cached_property
    def half_open(self) -> "dict[Connection, None]":
        """Those that had a chance to say what they want, and have not, and those that have their
        last answer; the oldest first.
        """
        return {}

    def __call__(self) -> "Connection":  # type: ignore[explicit-override]  # from 3.12 on
        """Return what serves one connection."""
        connection = Connection(self, loop=self._loop, **self._kwargs)
        connection.half_open = self.half_open
        connection.lingers = False
        return connection


class Connection(web.RequestHandler):
    """One connection of a client."""

    __slots__ = ("_chance", "_headers_due", "half_open", "lingers")

    half_open: "dict[Connection, None]"
    lingers: bool
    """Whether its last answer is there: aiohttp reads on for a while, so that it is not lost."""

    def connection_made(  # type: ignore[explicit-override]  # from 3.12 on
        self, transport: asyncio.BaseTransport
    ) -> None:
        """Begin, with a deadline: aiohttp waits for half-sent headers until it grows tired."""
        super().connection_made(transport)
        self._headers_due = self._loop.call_later(HEADERS_S, self.hurry)
        self._chance = self._loop.call_later(CHANCE_S / 2, self._wait_on)

    def data_received(self, data: bytes) -> None:  # type: ignore[explicit-override]  # from 3.12 on
        """Take bytes of the client."""
        super().data_received(data)
        if self._request_count and not self.lingers and self in self.half_open:
            del self.half_open[self]
        self._tell_of_spoiled_body()

    def connection_lost(  # type: ignore[explicit-override]  # from 3.12 on
        self, exc: BaseException | None
    ) -> None:
        """End."""
        self._headers_due.cancel()
        self._chance.cancel()
        self.half_open.pop(self, None)
        super().connection_lost(exc)

    def handle_error(  # type: ignore[explicit-override]  # from 3.12 on
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what is not HTTP, without its lines: they may hold a credential."""
        log.info("a request that is not HTTP: %s", type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is out already")
        head, body = errors.answer(status, "this is not a request in HTTP")
        response = WholeResponse(head.status, head.headers, body)
        response.force_close()
        return response

    def _tell_of_spoiled_body(self) -> None:
        """Wake who waits for the rest of a body that breaks the rules: aiohttp lets it wait."""
        request = self._current_request
        if request is None or request.content.is_eof() or not self._messages:
            return
        # Nothing but an error can come behind a body that has not ended.
        request.content.set_exception(PayloadEncodingError("it has no end"))
        request.content.feed_eof()

    def _wait_on(self) -> None:
        # A loop that is late looks at its timers before it reads; between two of them it has read.
        self._chance = self._loop.call_later(CHANCE_S / 2, self._count)

    def _count(self) -> None:
        if self._request_count == 0:
            self._wait_in_line()

    def linger(self) -> None:
        """Count among the half-open ones: its last answer is there, and it may have more to say."""
        self.lingers = True
        self._wait_in_line()

    def _wait_in_line(self) -> None:
        self.half_open[self] = None
        if len(self.half_open) > MOST_HALF_OPEN:
            next(iter(self.half_open)).leave()

    def hurry(self) -> None:
        """Close a connection that has not said what it wants."""
        if self._request_count == 0:
            self.leave()

    def leave(self) -> None:
        """Close a connection without further ado."""
        self.half_open.pop(self, None)
        self.force_close()


def server_of(front: Front) -> Server:
    """Return the server of a front."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = await front.handle(request)
        connection = request.protocol
        if not response.keep_alive and isinstance(connection, Connection):
            connection.linger()
        return response

    return Server(
        handle,
        # A client that goes away must not leave its answer running in the cloud.
        handler_cancellation=True,
        # What a client has coded, the cloud decodes.
        auto_decompress=False,
        access_log=None,
        keepalive_timeout=KEEP_CONNECTION_S,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        read_bufsize=READ_BYTES,
    )
