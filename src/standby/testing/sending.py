"""How a reply of the fake cloud reaches the socket, or breaks on its way."""

import asyncio
import gzip
import socket
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from standby.core.request import Headers
from standby.testing.faults import Ending
from standby.testing.limits import Breakdown
from standby.testing.service import Reply

__all__ = ["Sender"]

_GZIP: Final = 31
"""The window size by which zlib means gzip."""
# Two integers, short ones on Windows: linger, and for no time at all.
_NO_LINGER: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Sender:
    """Writes replies."""

    compress: bool
    pace_s: float
    """Seconds between two pieces of a stream."""
    closing: asyncio.Event
    """Ends every silence."""

    async def send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        """Write a reply, to its end or to where it breaks."""
        if reply.breakdown is not None:
            return await self._break_off(request, reply.breakdown)
        codes = self.compress and "gzip" in request.headers.get("accept-encoding", "")
        headers = _coded(reply.headers) if codes else reply.headers
        if not reply.streamed:
            body = b"".join(reply.data)
            return web.Response(
                status=reply.status, headers=headers, body=gzip.compress(body) if codes else body
            )
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        whole = reply.ending is Ending.WHOLE
        for piece in _compressed(reply.data, whole=whole) if codes else reply.data:
            await response.write(piece)
            if self.pace_s:
                await asyncio.sleep(self.pace_s)
        await self._end(request, response, reply.ending)
        return response

    async def _end(
        self, request: web.Request, response: web.StreamResponse, ending: Ending
    ) -> None:
        match ending:
            case Ending.WHOLE:
                await response.write_eof()
            case Ending.CUT:
                _close(request)
            case Ending.RESET:
                _reset(request)
            case Ending.SILENT:
                await self.closing.wait()
                _close(request)

    async def _break_off(self, request: web.Request, how: Breakdown) -> web.StreamResponse:
        match how:
            case Breakdown.CLOSED:
                _close(request)
            case Breakdown.RESET:
                _reset(request)
            case Breakdown.SILENT:
                await self.closing.wait()
                _close(request)
        return web.Response()  # aiohttp wants one; the connection is gone


def _compressed(pieces: tuple[bytes, ...], *, whole: bool) -> Iterator[bytes]:
    """Yield the pieces in gzip, each flushed, so that the client can read it at once."""
    coder = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        yield coder.compress(piece) + coder.flush(zlib.Z_SYNC_FLUSH)
    if whole:
        yield coder.flush()


def _coded(headers: Headers) -> Headers:
    return (*headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
