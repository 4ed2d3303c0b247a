"""How a reply of the fake cloud reaches the socket, or breaks on its way."""

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from standby.core.request import Headers
from standby.testing import raw
from standby.testing.faults import Ending
from standby.testing.hostile import Honest
from standby.testing.limits import Breakdown
from standby.testing.service import Reply

__all__ = ["Sender"]

_GZIP: Final = 31
"""The window size by which zlib means gzip."""
_BROKEN: Final = {
    Breakdown.CLOSED: Ending.CUT,
    Breakdown.RESET: Ending.RESET,
    Breakdown.SILENT: Ending.SILENT,
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Writes replies."""

    compress: bool
    pace_s: float
    """Seconds between two pieces of a stream."""
    closing: asyncio.Event
    """Ends every silence."""
    trap: str = "http://127.0.0.1:9"
    """Where redirects lead."""

    async def send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        """Write a reply, to its end or to where it breaks."""
        if reply.breakdown is not None:
            await raw.end(request, _BROKEN[reply.breakdown], self.closing)
            return web.Response()  # aiohttp wants one; the connection is gone
        if reply.hostile is not None:
            honest = Honest(reply.headers, reply.data, self.trap)
            await raw.speak(request, reply.hostile(honest), self.closing)
            return web.Response()  # likewise
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
        if whole:
            await response.write_eof()
        else:
            await raw.end(request, reply.ending, self.closing)
        return response


def _compressed(pieces: tuple[bytes, ...], *, whole: bool) -> Iterator[bytes]:
    """Yield the pieces in gzip, each flushed, so that the client can read it at once."""
    coder = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        yield coder.compress(piece) + coder.flush(zlib.Z_SYNC_FLUSH)
    if whole:
        yield coder.flush()


def _coded(headers: Headers) -> Headers:
    return (*headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
