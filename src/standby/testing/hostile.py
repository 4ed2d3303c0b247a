"""The ways in which an answer is wrong below its words: in its HTTP, in its coding, in its size.

Each takes the answer that would have been given and yields what goes over the socket instead, byte
by byte: they fit any server that answers, the fake cloud and the fake engine alike. A way that has
no end (a bomb) goes on until its peer hangs up. One more way is one more entry of :data:`HOSTILE`.
"""

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from standby.core.request import Headers
from standby.testing.faults import Ending

__all__ = ["CANARY", "HOSTILE", "Honest", "Hostile", "Step", "chunk", "chunked", "head"]

CANARY: Final = "kit-canary-of-the-peer"
"""The value of every header that must stay between the peer and the gateway."""

_MIB: Final = 1024 * 1024
_BOMB_MIB: Final = 512
_FLOOD_MIB: Final = 256
_PIECE: Final = 64 * 1024
_GZIP: Final = 31
"""The window size by which zlib means gzip."""
_SLOW_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Honest:
    """The answer that would have been given."""

    headers: Headers
    pieces: tuple[bytes, ...]
    """The body in the pieces in which it is written."""
    trap: str = "http://127.0.0.1:9"
    """The URL of a server that nobody should ever come to."""

    @property
    def body(self) -> bytes:
        """The whole of it."""
        return b"".join(self.pieces)

    @property
    def streamed(self) -> bool:
        """Whether the body is a stream of events."""
        return any("event-stream" in value for name, value in self.headers if name[:1] in "cC")


Step: TypeAlias = bytes | float | Ending
"""Bytes to write, seconds of silence, or how it ends; without an ending the connection closes."""
Hostile: TypeAlias = Callable[[Honest], Iterable[Step]]


def head(honest: Honest, *lines: str, status: str = "200 OK", drop: str = "") -> bytes:
    """Return the head of an answer, with further lines. ``drop`` names a header to leave out."""
    own = (f"{name}: {value}" for name, value in honest.headers if name.lower() != drop)
    said = [f"HTTP/1.1 {status}", *own, "connection: close", *lines]
    return "\r\n".join([*said, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body; of nothing: its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunked(honest: Honest, pieces: Iterable[bytes], *lines: str) -> Iterator[bytes]:
    """Yield the head and the chunks of a body, without its end."""
    yield head(honest, "transfer-encoding: chunked", *lines)
    for piece in pieces:
        yield chunk(piece)


def _half(honest: Honest) -> tuple[bytes, ...]:
    """Return the first half of an answer: of a stream whole events, with words among them."""
    if len(honest.pieces) > 1:
        return honest.pieces[: max(5, len(honest.pieces) // 2)]
    return (honest.body[: len(honest.body) // 2],)


def _with_body(honest: Honest, body: bytes, *lines: str, status: str = "200 OK") -> Iterator[Step]:
    yield head(honest, f"content-length: {len(body)}", *lines, status=status)
    yield body


def _redirect(status: str) -> Hostile:
    def redirect(honest: Honest) -> Iterator[Step]:
        location = f"location: {honest.trap}/v1/messages"
        yield head(honest, location, "content-length: 0", status=status)

    return redirect


def _page(status: str) -> Hostile:
    def page(honest: Honest) -> Iterator[Step]:
        body = b"<!doctype html><html><body><h1>Sign in to this network</h1></body></html>\n"
        lines = ("content-type: text/html; charset=utf-8", f"content-length: {len(body)}")
        yield head(honest, *lines, status=status, drop="content-type")
        yield body

    return page


def _status_999(honest: Honest) -> Iterator[Step]:
    yield from _with_body(honest, b'{"odd": true}', status="999 Whatever")


def _no_head(honest: Honest) -> Iterator[Step]:
    """Answer as HTTP/0.9 did: a body, and nothing before it."""
    yield honest.body


def _noise(_honest: Honest) -> Iterator[Step]:
    yield bytes(range(256)) * 16


def _empty(honest: Honest) -> Iterator[Step]:
    yield head(honest, "content-length: 0")


def _wrong_type(honest: Honest) -> Iterator[Step]:
    """Say that the answer, which is as it should be, is something else."""
    body = honest.body
    kind = "content-type: application/octet-stream"
    yield head(honest, kind, f"content-length: {len(body)}", drop="content-type")
    yield body


def _bad_chunk(honest: Honest) -> Iterator[Step]:
    yield from chunked(honest, _half(honest))
    yield b"zz\r\nnot the size of a chunk\r\n"


def _short_length(honest: Honest) -> Iterator[Step]:
    yield head(honest, f"content-length: {len(honest.body)}")
    yield b"".join(_half(honest))


def _two_lengths(honest: Honest) -> Iterator[Step]:
    size = len(honest.body)
    yield head(honest, f"content-length: {size}", f"content-length: {size + 7}")
    yield honest.body


def _hop_by_hop(honest: Honest) -> Iterator[Step]:
    """Send, with the right answer, every header that is for this hop alone."""
    yield from chunked(
        honest,
        honest.pieces,
        "connection: x-hop",
        *(f"{name}: {CANARY}" for name in ("x-hop", "proxy-authenticate", "keep-alive", "te")),
        f"set-cookie: kit={CANARY}; Path=/",
        f"set-cookie: kit2={CANARY}",
    )
    yield chunk(b"")


def _wait_on_success(honest: Honest) -> Iterator[Step]:
    """Ask to wait, in an answer that is served: that header alone is no limit."""
    yield from chunked(honest, honest.pieces, "retry-after: 7200")
    yield chunk(b"")


def _byte_by_byte(honest: Honest) -> Iterator[Step]:
    yield from (bytes((byte,)) for part in chunked(honest, honest.pieces) for byte in (*part,))
    yield chunk(b"")


def _slow(honest: Honest) -> Iterator[Step]:
    """Take a while before the head, and again before the body."""
    yield _SLOW_S
    parts = chunked(honest, honest.pieces)
    yield next(parts)
    yield _SLOW_S
    yield from parts
    yield chunk(b"")


def _stalls(honest: Honest) -> Iterator[Step]:
    """Fall silent in the middle of the body for a while, and go on."""
    half = len(honest.pieces) // 2
    yield from chunked(honest, honest.pieces[:half])
    yield _SLOW_S
    yield from map(chunk, honest.pieces[half:])
    yield chunk(b"")


def _gzip_bomb(honest: Honest) -> Iterator[Step]:
    """Send 512 MiB of blanks that are half a megabyte in gzip."""
    coder = zlib.compressobj(wbits=_GZIP)
    begin = coder.compress(b" ") + coder.flush(zlib.Z_FULL_FLUSH)
    # After a full flush a block refers to nothing before it: one is as good as any.
    block = coder.compress(b" " * _MIB) + coder.flush(zlib.Z_FULL_FLUSH)
    yield from chunked(honest, [begin], "content-encoding: gzip")
    for _ in range(_BOMB_MIB):
        yield chunk(block)
    yield chunk(b"")


def _endless_header(_honest: Honest) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\nx-endless: "
    yield from itertools.repeat(b"a" * _PIECE, _FLOOD_MIB * _MIB // _PIECE)


def _many_headers(_honest: Honest) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\n"
    lines = b"".join(b"x-line: %b\r\n" % (b"b" * 100) for _ in range(500))
    yield from itertools.repeat(lines, _FLOOD_MIB * _MIB // len(lines))


def _endless_line(honest: Honest) -> Iterator[Step]:
    """Send one line that has no end: of an event, or of a string."""
    yield from chunked(honest, [b"data: " if honest.streamed else b'{"id":"'])
    yield from itertools.repeat(chunk(b"a" * _PIECE), _FLOOD_MIB * _MIB // _PIECE)


def _endless_pings(honest: Honest) -> Iterator[Step]:
    """Begin a stream, and send keep-alives for ever, as fast as they are taken."""
    yield from chunked(honest, honest.pieces[:1])
    pings = b'event: ping\ndata: {"type": "ping"}\n\n: still here\n\n' * 1000
    yield from itertools.repeat(chunk(pings), _FLOOD_MIB * _MIB // len(pings))


def _bad_text(honest: Honest) -> Iterator[Step]:
    """Put bytes that are no UTF-8 into the words."""
    spoiled = [piece.replace(b"one", b"\xff\xfeo\xc3") for piece in honest.pieces]
    yield from chunked(honest, spoiled)
    yield chunk(b"")


def _bad_json(honest: Honest) -> Iterator[Step]:
    """End a whole answer in the middle of its JSON, with a length that fits."""
    yield from _with_body(honest, honest.body[: len(honest.body) // 2])


HOSTILE: Final[Mapping[str, Hostile]] = {
    "redirect_301": _redirect("301 Moved Permanently"),
    "redirect_302": _redirect("302 Found"),
    "redirect_303": _redirect("303 See Other"),
    "redirect_307": _redirect("307 Temporary Redirect"),
    "redirect_308": _redirect("308 Permanent Redirect"),
    "html_200": _page("200 OK"),
    "html_502": _page("502 Bad Gateway"),
    "status_999": _status_999,
    "http_0_9": _no_head,
    "noise": _noise,
    "empty_200": _empty,
    "wrong_type": _wrong_type,
    "bad_chunk": _bad_chunk,
    "short_length": _short_length,
    "two_lengths": _two_lengths,
    "bad_json": _bad_json,
    "bad_utf8": _bad_text,
    "hop_by_hop": _hop_by_hop,
    "wait_on_success": _wait_on_success,
    "byte_by_byte": _byte_by_byte,
    "slow": _slow,
    "stalls": _stalls,
    "gzip_bomb": _gzip_bomb,
    "endless_header": _endless_header,
    "many_headers": _many_headers,
    "endless_line": _endless_line,
    "endless_pings": _endless_pings,
}
"""Every way by its name."""
