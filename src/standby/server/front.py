"""The front: one HTTP server, the guard on everything, then the door that a path belongs to.

aiohttp's router and middlewares are left out: a path is looked at once, as it came, and what the
guard has not admitted does not exist.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import PayloadEncodingError

from standby.core.request import NOBODY, Headers, Request, header
from standby.core.wire import errors
from standby.core.wire.headers import Head, as_they_came
from standby.ports import Wire
from standby.server.client import ClientWire
from standby.server.control import ControlDoor
from standby.server.framing import unclear
from standby.server.guard import Guard, Turned
from standby.server.messages import MessagesDoor
from standby.server.paths import PREFIX, is_ours
from standby.server.strangers import Bodies, CrowdedError

__all__ = ["BODY_S", "MAX_BODY_BYTES", "Front", "OwnDoor"]

log = logging.getLogger(__name__)

# A request carries the whole conversation; the cloud takes 32 MB and says so itself.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
BODY_S: Final = 60.0
"""How long a body may take to come; it comes from this machine."""
_BREAK_OFF_S: Final = 2.0
_CROWDED_S: Final = 2
_ENDING: Final = "the gateway is being stopped or started again"
_START_PROBES: Final = frozenset({"/", "/api/hello"})


class TooLargeError(Exception):
    """A body has more than :data:`MAX_BODY_BYTES`."""


class SlowBodyError(Exception):
    """A body has not come within :data:`BODY_S`."""


class BrokenOffError(Exception):
    """An answer has not finished in the time that an ending gateway gives it."""


class OwnDoor(Protocol):
    """A door to some of the gateway's own paths."""

    def serves(self, path: str) -> bool:
        """Whether a path is one of this door's."""
        ...

    async def serve(self, method: str, target: str, headers: Headers, wire: Wire) -> None:
        """Answer a request over a wire."""


class Front:
    """Takes requests from the server; one answer each, whatever happens."""

    def __init__(
        self,
        guard: Guard,
        messages: MessagesDoor,
        control: ControlDoor,
        mint: Callable[[str, int], str],
        own: Sequence[OwnDoor] = (),
        closed: Callable[[int], tuple[Head, bytes]] | None = None,
    ) -> None:
        self._guard = guard
        self._own = own
        self._closed = closed
        """Makes the page for a person whose browser may not look at ours."""
        self._messages = messages
        self._control = control
        self._bodies = Bodies()
        self._mint = mint
        self._ending = False
        self._running: set[asyncio.Timeout] = set()
        self._none_runs = asyncio.Event()
        self._none_runs.set()

    async def drain(self, within_s: float) -> None:
        """Refuse what comes from now on, and wait for the answers that run.

        Those that have not finished in time end with an error.
        """
        self._ending = True
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._none_runs.wait()
        for answer in self._running:
            answer.reschedule(asyncio.get_running_loop().time())
        with suppress(TimeoutError):
            async with asyncio.timeout(_BREAK_OFF_S):
                await self._none_runs.wait()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        request_id = self._mint("req_sb", 20)
        wire = ClientWire(request)
        turned = await self._attempt(request, wire, request_id)
        if turned is not None:
            if turned.status == HTTPStatus.UNAUTHORIZED and self._closed and _for_a_person(request):
                await wire.deliver(*self._closed(turned.status))
            else:
                await wire.deliver(*_told(turned, request_id))
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
        except* CrowdedError:
            wire.close_after()
            why = "too many large requests with unknown credentials"
            turned = Turned(HTTPStatus.TOO_MANY_REQUESTS, why, retry_after_s=_CROWDED_S)
        except* SlowBodyError:
            wire.close_after()  # or the rest would be waited for all the same
            turned = Turned(HTTPStatus.REQUEST_TIMEOUT, f"the body must come within {BODY_S:g} s")
        except* BrokenOffError:
            log.warning("request %s was broken off: it took longer than the end", request_id)
            turned = _ended()
            if wire.begun:
                await wire.break_off(turned.why)
                turned = None
        except* PayloadEncodingError:
            wire.close_after()
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
        headers = as_they_came(request.raw_headers)
        if why := unclear(request.version, headers):
            wire.close_after()  # what follows may be a part of it
            return Turned(HTTPStatus.BAD_REQUEST, why)
        let_in = self._guard.admit(request.method, request.raw_path, headers)
        if isinstance(let_in, Turned):
            wire.close_after()  # or anybody could hold as many connections as there may be
            return let_in
        if not let_in.owner and let_in.caller.account == NOBODY:
            wire.close_after()
        path = let_in.target.partition("?")[0]
        if is_ours(path):
            await self._serve_own(request.method, let_in.target, let_in.headers, wire)
        elif not let_in.caller.account and not let_in.owner and path in _START_PROBES:
            await wire.deliver_empty()  # nothing goes to the cloud for somebody unknown
        elif self._ending:
            wire.close_after()
            return _ended()
        else:
            held = nullcontext(_anything) if let_in.caller.trusted else self._bodies.one()
            async with self._run():
                with held as grows:
                    body = await _body(request, grows)
                    asked = Request(request.method, let_in.target, let_in.headers, body)
                    await self._messages.serve(asked, let_in.caller, wire)
        return None

    async def _serve_own(self, method: str, target: str, headers: Headers, wire: Wire) -> None:
        path = target.partition("?")[0]
        for door in self._own:
            if door.serves(path):
                await door.serve(method, target, headers, wire)
                return
        await self._control.serve(method, target, wire)

    @asynccontextmanager
    async def _run(self) -> AsyncIterator[None]:
        """Count an answer as running; raise :class:`BrokenOffError` when it may no longer."""
        limit = asyncio.timeout_at(None)
        self._running.add(limit)
        self._none_runs.clear()
        try:
            async with limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise BrokenOffError from None
            raise
        finally:
            self._running.discard(limit)
            if not self._running:
                self._none_runs.set()


def _ended() -> Turned:
    return Turned(HTTPStatus.SERVICE_UNAVAILABLE, _ENDING, retry_after_s=1)


def _for_a_person(request: web.BaseRequest) -> bool:
    """Whether a browser wants to show our first page to somebody."""
    lines = as_they_came(request.raw_headers)
    return request.raw_path == PREFIX and "text/html" in (header(lines, "accept") or "")


def _told(turned: Turned, request_id: str) -> tuple[Head, bytes]:
    if turned.retry_after_s:
        return errors.later(turned.status, turned.why, turned.retry_after_s, request_id)
    return errors.answer(turned.status, turned.why, request_id)


def _anything(_by: int) -> None:
    """Let a body of somebody who is known grow."""


async def _body(request: web.BaseRequest, grows: Callable[[int], None]) -> bytes:
    if not request.can_read_body:
        return b""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise TooLargeError
    if _waits_for_a_word(request) and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.content.is_eof():  # it came with the headers: there is nothing to wait for
        whole = request.content.read_nowait()
        grows(len(whole))
        return whole
    try:
        async with asyncio.timeout(BODY_S):
            return await _read(request, grows)
    except TimeoutError:
        raise SlowBodyError from None


def _waits_for_a_word(request: web.BaseRequest) -> bool:
    """Whether a client sends no body before it is told to; HTTP/1.0 has no such words."""
    expects = request.headers.get("Expect", "").lower() == "100-continue"
    return expects and request.version >= HttpVersion11


async def _read(request: web.BaseRequest, grows: Callable[[int], None]) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLargeError
        grows(len(part))
        parts.append(part)
    return b"".join(parts)
