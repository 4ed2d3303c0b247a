"""The front: one HTTP server, the guard on everything, then the door that a path belongs to.

aiohttp's router and middlewares are left out: a path is looked at once, as it came, and what the
guard has not admitted does not exist.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import PayloadEncodingError

from standby.core.request import Request
from standby.core.wire import errors
from standby.core.wire.headers import lines_of
from standby.server.client import ClientWire
from standby.server.control import PREFIX, ControlDoor
from standby.server.guard import Guard, Turned
from standby.server.messages import MessagesDoor

__all__ = ["MAX_BODY_BYTES", "Front"]

log = logging.getLogger(__name__)

# A request carries the whole conversation; the cloud takes 32 MB and says so itself.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
_START_PROBES: Final = frozenset({"/", "/api/hello"})


class TooLargeError(Exception):
    """A body has more than :data:`MAX_BODY_BYTES`."""


class Front:
    """Takes requests from the server; one answer each, whatever happens."""

    def __init__(
        self,
        guard: Guard,
        messages: MessagesDoor,
        control: ControlDoor,
        mint: Callable[[str, int], str],
    ) -> None:
        self._guard = guard
        self._messages = messages
        self._control = control
        self._mint = mint

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        request_id = self._mint("req_sb", 20)
        wire = ClientWire(request)
        turned = await self._attempt(request, wire, request_id)
        if turned is not None:
            await wire.deliver(*errors.answer(turned.status, turned.why, request_id))
        return wire.response

    async def _attempt(
        self, request: web.BaseRequest, wire: ClientWire, request_id: str
    ) -> Turned | None:
        """Serve a request; return what to say instead where nothing could be sent."""
        turned: Turned | None = None
        try:
            turned = await self._serve(request, wire)
        except* TooLargeError:
            why = f"a request may have {MAX_BODY_BYTES} bytes"
            turned = Turned(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        except* PayloadEncodingError:
            turned = Turned(HTTPStatus.BAD_REQUEST, "the body breaks the rules of HTTP")
        except* ConnectionError:
            log.info("the client has gone")
            turned = Turned(HTTPStatus.INTERNAL_SERVER_ERROR, "the client has gone")
        except* Exception:  # the edge of a request: whatever it was, the client gets an answer
            log.exception("request %s failed", request_id)
            why = f"the gateway failed; its log says why, under {request_id}"
            turned = Turned(HTTPStatus.INTERNAL_SERVER_ERROR, why)
        if wire.begun and turned is not None:
            await wire.abort()  # what is out is not the whole of it
            return None
        if not wire.begun and turned is None:
            log.error("request %s was left without an answer", request_id)
            why = f"the gateway failed; its log says why, under {request_id}"
            turned = Turned(HTTPStatus.INTERNAL_SERVER_ERROR, why)
        return turned

    async def _serve(self, request: web.BaseRequest, wire: ClientWire) -> Turned | None:
        let_in = self._guard.admit(request.method, request.raw_path, lines_of(request.raw_headers))
        if isinstance(let_in, Turned):
            return let_in
        path = let_in.target.partition("?")[0]
        if path.startswith(PREFIX):
            await self._control.serve(request.method, let_in.target, wire)
        elif not let_in.caller.account and not let_in.owner and path in _START_PROBES:
            await wire.deliver_empty()  # nothing goes to the cloud for somebody unknown
        else:
            body = await _body(request)
            asked = Request(request.method, let_in.target, let_in.headers, body)
            await self._messages.serve(asked, let_in.caller, wire)
        return None


async def _body(request: web.BaseRequest) -> bytes:
    if not request.can_read_body:
        return b""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise TooLargeError
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLargeError
        parts.append(part)
    return b"".join(parts)
