"""The cloud over connections of our own: a request as it came, an answer as it comes.

One origin, HTTP/1.1, nothing added but `Host` and what HTTP needs for this hop. aiohttp's client
does far more than a relay wants; of the time that the gateway added to a request it took the
largest part (`bench/relay.py`).
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from standby.adapters.upstream.connection import Connection, LostError, words
from standby.adapters.upstream.proxied import Proxy, tunnel
from standby.adapters.upstream.reaching import reach
from standby.core.request import Request
from standby.core.wire.headers import Head, end_to_end
from standby.ports import AtOnce, UpstreamError

__all__ = ["DirectUpstream"]

CONNECT_S: Final = 5.0
"""To a connection that is ready, TLS included."""
IDLE_S: Final = 60.0
"""How long a connection is kept for the next request."""
MOST_IDLE: Final = 64
# A connection that the cloud closed while it lay idle shows it at once. What is lost later may have
# been worked on, and is not asked for twice.
STALE_S: Final = 1.0

# `Host` is the cloud's own, `Content-Length` is written anew for the bytes that are sent, and
# `Expect` was answered by us.
_OF_THIS_HOP: Final = frozenset({"host", "content-length", "expect"})
_COOKIES: Final = frozenset({"set-cookie"})
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
_METHOD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS_LINE: Final = re.compile(r"[\x00-\x20\x7f]")
_PORTS: Final = {"http": 80, "https": 443}


class DirectUpstream:
    """Passes requests to one origin. Call :meth:`close` at the end."""

    def __init__(
        self, origin: str, tls: ssl.SSLContext | None = None, proxy: Proxy | None = None
    ) -> None:
        """Take the origin, and with ``https`` the context that its certificate is checked by.

        With a proxy, all goes through a tunnel that it opens.
        """
        url = urlsplit(origin)
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
        self._secure = url.scheme == "https"
        if self._secure and (tls is None or tls.verify_mode != ssl.CERT_REQUIRED):
            raise ValueError("https needs a context that verifies")
        self._tls = tls if self._secure else None
        self._host, self._port = host, port
        self._proxy = proxy
        self._prefix = url.path.rstrip("/")
        named = f"[{host}]" if ":" in host else host
        self._authority = named if port == _PORTS[url.scheme] else f"{named}:{port}"
        self._keeps = True
        # In the order of use, the longest unused first.
        self._idle: dict[Connection, asyncio.TimerHandle] = {}

    async def send(
        self, request: Request, at_once: AtOnce | None = None
    ) -> AsyncIterator[Head | bytes]:
        """Yield the head, then the body as it comes. Raise :class:`UpstreamError`."""
        line, pieces = await self._ask(request)
        try:
            while pieces:
                for piece in pieces:
                    yield piece if isinstance(piece, bytes) else _end_to_end(piece)
                pieces = await line.read(at_once)
        finally:
            self._leave(line)

    def close(self) -> None:
        """Close the connections that lie idle, and keep none from now on."""
        self._keeps = False
        for line in tuple(self._idle):
            line.close()

    async def _ask(self, request: Request) -> tuple[Connection, list[Head | bytes]]:
        """Send a request and wait for its answer to begin."""
        words = self._words(request)
        began = time.monotonic()
        if (kept := self._take()) is not None:
            try:
                return kept, await _asked(kept, request, words)
            except LostError:
                if time.monotonic() - began > STALE_S:
                    raise UpstreamError("the cloud closed the connection unanswered") from None
        fresh = await self._connect()
        try:
            return fresh, await _asked(fresh, request, words)
        except LostError:
            raise UpstreamError("the cloud closed the connection unanswered") from None

    def _words(self, request: Request) -> bytes:
        """Return the request up to its body."""
        if _METHOD.fullmatch(request.method) is None or _BREAKS_LINE.search(request.target):
            raise ValueError("a request line that is none: the door must refuse it")
        lines = [
            f"{request.method} {self._prefix}{request.target} HTTP/1.1",
            f"Host: {self._authority}",
        ]
        lines += [
            f"{name}: {value}" for name, value in end_to_end(request.headers, less=_OF_THIS_HOP)
        ]
        if request.body or request.method in _WITH_LENGTH:
            lines.append(f"Content-Length: {len(request.body)}")
        text = "\r\n".join(lines)
        if "\0" in text or text.count("\r") != len(lines) - 1 or text.count("\n") != len(lines) - 1:
            raise ValueError("a header that breaks its line: the door must refuse it")
        # The door reads lines as UTF-8, and what is none as lone surrogates.
        return f"{text}\r\n\r\n".encode(errors="surrogateescape")

    def _take(self) -> Connection | None:
        """Return the connection that was used last, if one is left."""
        while self._idle:
            line, expiry = self._idle.popitem()
            expiry.cancel()
            if line.reusable:
                return line
        return None

    def _leave(self, line: Connection) -> None:
        """Keep a connection for the next request; end one whose answer has not ended."""
        if not (self._keeps and line.reusable and len(self._idle) < MOST_IDLE):
            line.close()
            return
        line.on_lost = lambda: self._forget(line)
        loop = asyncio.get_running_loop()
        self._idle[line] = loop.call_later(IDLE_S, line.close)

    def _forget(self, line: Connection) -> None:
        if (expiry := self._idle.pop(line, None)) is not None:
            expiry.cancel()

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._opened(await self._reached())
        except TimeoutError:
            raise UpstreamError("the cloud did not answer in time", sent=False) from None
        except OSError as error:
            why = f"the cloud is out of reach: {words(error)}"
            raise UpstreamError(why, sent=False) from error

    async def _reached(self) -> socket.socket:
        if self._proxy is None:
            return await reach(self._host, self._port)
        line = await reach(self._proxy.host, self._proxy.port)
        try:
            await tunnel(line, self._proxy, self._host, self._port)
        except BaseException:
            line.close()
            raise
        return line

    async def _opened(self, reached: socket.socket) -> Connection:
        loop = asyncio.get_running_loop()
        name = self._host if self._tls is not None else None
        try:
            _, line = await loop.create_connection(
                Connection, sock=reached, ssl=self._tls, server_hostname=name
            )
        except BaseException:
            reached.close()
            raise
        return line


async def _asked(line: Connection, request: Request, words: bytes) -> list[Head | bytes]:
    try:
        line.ask(request.method, words, request.body)
        return await line.read()
    except BaseException:
        line.close()
        raise


def _end_to_end(head: Head) -> Head:
    return Head(head.status, end_to_end(head.headers, less=_COOKIES))
