"""The client's end of one exchange: headers held back until there is something to say."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from standby.core.request import Headers
from standby.core.wire.headers import Head, end_to_end
from standby.core.wire.messages import PING, error

__all__ = ["ClientWire", "WholeResponse"]

_WITHOUT_BODY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_LENGTH: Final = frozenset({"content-length"})
_MOST_JOINED: Final = 64 * 1024
_TALKS: Final = Head(
    HTTPStatus.OK, (("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"))
)


class _AsGiven(web.StreamResponse):
    """A response with the headers that it was given, and none of aiohttp's own."""

    async def _prepare_headers(self) -> None:  # type: ignore[explicit-override]  # from 3.12 on
        # aiohttp fills in a content type where there is none, and names itself and its version.
        absent = [name for name in ("Server", "Content-Type") if name not in self.headers]
        await super()._prepare_headers()
        for name in absent:
            self.headers.pop(name, None)


class Response(_AsGiven):
    """A response that is sent piece by piece.

    Its headers go out ``with_more``, or else by themselves.
    """

    def __init__(
        self, status: int, headers: Iterable[tuple[str, str]], *, with_more: bool = False
    ) -> None:
        super().__init__(status=status, headers=CIMultiDict(headers))
        self._send_headers_immediately = not with_more


class WholeResponse(_AsGiven, web.Response):
    """A response that aiohttp sends by itself."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        web.Response.__init__(self, status=status, headers=CIMultiDict(headers), body=body)


class ClientWire:
    """One client's end. The headers go out with the first byte, and not before."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._response: web.StreamResponse | None = None
        self._head = Head(HTTPStatus.OK, ())
        self._last = False
        self._has_body = True
        self._chunked = False
        self._headers_out = False

    def close_after(self) -> None:
        """Make the answer, which has not begun, the last one on its connection."""
        self._last = True

    @property
    def begun(self) -> bool:
        """Whether headers are out, so that an error can only be an event in the stream."""
        return self._response is not None

    @property
    def response(self) -> web.StreamResponse:
        """The response that the exchange came to."""
        if self._response is None:
            raise RuntimeError("the exchange ended without an answer")
        return self._response

    async def start(self, head: Head, first: bytes = b"") -> None:
        """Say whose answer follows, in one write with its first bytes."""
        if self._response is None:
            await self._open(head.status, head.headers, first)
        else:
            await self.send(first)

    async def send(self, data: bytes) -> None:
        """Send bytes of the answer; wait while the client is slow to take them."""
        if data and self._has_body:
            self._headers_out = True
            await self.response.write(data)

    @property
    def ready(self) -> bool:
        """Whether the client has a part of the answer, is there, and takes more at once."""
        protocol = self._request.protocol
        transport = protocol.transport
        if not self._headers_out or transport is None or protocol.writing_paused:
            return False
        return not transport.is_closing()

    def send_now(self, data: bytes) -> None:
        """Send bytes of the answer without waiting. Only while it is :attr:`ready`.

        In aiohttp only a task can write: to wake one takes longer than to send an event.
        """
        if data and (transport := self._request.transport) is not None:
            transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def keep_alive(self, data: bytes = b"") -> None:
        """Send a sign of life: ``data``, or a ping, which clients skip."""
        await self.start(_TALKS, data or PING.raw)

    async def finish(self) -> None:
        """End the answer."""
        await self.response.write_eof()

    async def deliver(self, head: Head, body: bytes) -> None:
        """Send a whole answer: status, headers and body."""
        headers = head.headers
        if body or head.header("content-length") is None:
            # An answer without a body (to HEAD, or a 304) says how long it would have been.
            others = end_to_end(headers, less=_LENGTH)
            headers = (*others, ("Content-Length", str(len(body))))
        await self._open(head.status, headers, body)
        await self.finish()

    async def abort(self) -> None:
        """Break the connection."""
        if (transport := self._request.transport) is not None:
            transport.abort()

    async def break_off(self, why: str) -> None:
        """End an answer that has begun and will not be whole: a stream of events says so itself."""
        if self._head.streamed and not self._head.coding:
            await self.send(error(why).raw)
            await self.finish()
        else:
            await self.abort()

    async def deliver_empty(self) -> None:
        """Send a 200 that says nothing."""
        await self.deliver(Head(HTTPStatus.OK, ()), b"")

    async def _open(self, status: int, headers: Headers, first: bytes) -> None:
        self._head = Head(status, headers)
        # aiohttp would write what no client reads, and the next answer would begin with it.
        self._has_body = self._request.method != "HEAD" and status not in _WITHOUT_BODY
        # A longer beginning would be copied, to stand in one piece with the headers.
        joined = self._has_body and 0 < len(first) <= _MOST_JOINED
        response = self._response = Response(status, headers, with_more=joined)
        if self._last:
            response.force_close()
        await response.prepare(self._request)
        self._chunked = "Transfer-Encoding" in response.headers
        await self.send(first)
