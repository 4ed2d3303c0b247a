"""HTTP/1.1 answers out of bytes in any chunking, read strictly and with no I/O.

What two readers could take for different things is an error here: lines that end in one half of
CRLF, folded lines, two lengths, a length beside a transfer coding, a coding other than ``chunked``
(RFC 9112, 5.1, 5.2, 6 and 7). Whatever a peer can make long has a limit.
"""

import enum
import re
from collections.abc import Iterable
from typing import Final, Protocol

from standby.core.request import Headers
from standby.core.wire.headers import Head, lines_of

__all__ = [
    "MAX_HEAD_BYTES",
    "Answer",
    "Body",
    "Chunked",
    "Endless",
    "NotHTTPError",
    "Sized",
    "fields",
]

MAX_HEAD_BYTES: Final = 64 * 1024
"""For a status line with its headers, for all interim answers together, and for a trailer."""
# The line in front of a chunk: a size and, from nobody yet seen, extensions.
_MAX_SIZE_LINE: Final = 4096

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Controls, a CR without LF and a LF without CR. A tab is allowed.
_FOREIGN: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_PLAIN_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,15})\r\n")

_BEGINNING: Final = b"HTTP/1."
_INTERIM: Final = range(100, 200)
_SWITCHING: Final = 101
_BODILESS: Final = frozenset({204, 304})


class NotHTTPError(Exception):
    """A peer sent what is no HTTP, or could be read in two ways, or is too long.

    The message says what is wrong, and reflects nothing of what was sent.
    """


class Body(Protocol):
    """The framing of a body: what of the bytes on the wire belongs to it."""

    done: bool
    """Whether the body is complete."""
    beyond: bytes
    """What came behind its end."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the peer; return those of the body. Raise :class:`NotHTTPError`."""
        ...


class Sized:
    """A body whose length was said."""

    __slots__ = ("_left", "beyond", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.beyond = b""
        self.done = length == 0

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the peer; return those of the body."""
        ours = data if len(data) <= self._left else data[: self._left]
        self._left -= len(ours)
        self.done = self._left == 0
        self.beyond += data[len(ours) :]
        return ours


class Endless:
    """A body that ends with the connection."""

    __slots__ = ("beyond", "done")

    def __init__(self) -> None:
        self.beyond = b""
        self.done = False

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the peer; all of them are the body's."""
        return data


class _At(enum.Enum):
    """Where in a chunked body the next byte stands."""

    SIZE = enum.auto()
    CHUNK = enum.auto()
    END_OF_CHUNK = enum.auto()
    TRAILER = enum.auto()


class Chunked:
    """A body in chunks. Extensions and trailers are read and dropped."""

    __slots__ = ("_at", "_kept", "_left", "_trailer", "beyond", "done")

    def __init__(self) -> None:
        self._at = _At.SIZE
        self._left = 0
        self._trailer = 0
        self._kept = b""
        self.beyond = b""
        self.done = False

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the peer; return those of the body. Raise :class:`NotHTTPError`."""
        if self._at is _At.SIZE and not self._kept and (whole := _one_chunk(data)):
            return whole
        if self._kept:
            data, self._kept = self._kept + data, b""
        parts: list[bytes] = []
        at = 0
        while at < len(data) and not self.done:
            match self._at:
                case _At.CHUNK:
                    part = data[at : at + self._left]
                    parts.append(part)
                    at += len(part)
                    self._left -= len(part)
                    if not self._left:
                        self._at = _At.END_OF_CHUNK
                case _At.SIZE | _At.END_OF_CHUNK | _At.TRAILER:
                    end = _line_end(data, at)
                    if end < 0:
                        self._kept = data[at:]
                        return b"".join(parts)
                    self._take_line(data, at, end)
                    at = end + 2
        self.beyond += data[at:]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take_line(self, data: bytes, at: int, end: int) -> None:
        match self._at:
            case _At.SIZE:
                if (size := _SIZE.fullmatch(data, at, end)) is None:
                    raise NotHTTPError("a chunk without a size")
                self._left = int(size[1], 16)
                self._at = _At.CHUNK if self._left else _At.TRAILER
            case _At.END_OF_CHUNK:
                if end != at:
                    raise NotHTTPError("a chunk that is longer than its size")
                self._at = _At.SIZE
            case _At.TRAILER | _At.CHUNK:
                self._trailer += end - at
                if self._trailer > MAX_HEAD_BYTES:
                    raise NotHTTPError(f"a trailer of more than {MAX_HEAD_BYTES} bytes")
                self.done = end == at


def _one_chunk(data: bytes) -> bytes:
    """Return what is in bytes that are one chunk and nothing else, as most reads are; else nothing.

    Line by line, it takes three times as long.
    """
    if (head := _PLAIN_SIZE.match(data)) is None or not data.endswith(b"\r\n"):
        return b""
    begin, end = head.end(), len(data) - 2
    return data[begin:end] if int(head[1], 16) == end - begin else b""


def _line_end(data: bytes, at: int) -> int:
    """Return where the line ends; -1 while it has not."""
    end = data.find(b"\r\n", at, at + _MAX_SIZE_LINE)
    if end < 0 and len(data) - at >= _MAX_SIZE_LINE:
        raise NotHTTPError(f"a line of more than {_MAX_SIZE_LINE} bytes between chunks")
    return end


class Answer:
    """One answer. ``method`` is that of its request: an answer to ``HEAD`` has no body."""

    def __init__(self, method: str) -> None:
        self._bodiless = method == "HEAD"
        self._head = bytearray()
        self._read = 0
        """The bytes of interim answers."""
        self._body: Body | None = None
        self._keeps = False

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return self._body is not None and self._body.done

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: this answer ended, and alone."""
        match self._body:
            case None | Endless():
                return False
            case body:
                return self._keeps and body.done and not body.beyond

    def receive(self, data: bytes) -> list[Head | bytes]:
        """Take bytes from the peer; return the head once, and what they add to the body."""
        if self._body is not None:
            more = self._body.receive(data)
            return [more] if more else []
        searched = max(0, len(self._head) - 3)
        self._head += data
        if not self._head.startswith(_BEGINNING[: len(self._head)]):
            raise NotHTTPError("something else than an answer")  # which may well never end
        while (end := self._head.find(b"\r\n\r\n", searched, MAX_HEAD_BYTES - self._read)) >= 0:
            head = self._begin(bytes(self._head[:end]))
            del self._head[: end + 4]
            if self._body is not None:
                rest, self._head = bytes(self._head), bytearray()
                more = self._body.receive(rest) if rest else b""
                return [head, more] if more else [head]
            self._read += end + 4
            searched = 0
        if len(self._head) + self._read > MAX_HEAD_BYTES:
            raise NotHTTPError(f"a head of more than {MAX_HEAD_BYTES} bytes")
        return []

    def end(self) -> None:
        """Take the end of the connection. Raise :class:`NotHTTPError` where it comes too soon."""
        match self._body:
            case None:
                raise NotHTTPError("the connection ended before the answer")
            case Endless() as body:
                body.done = True
            case body if not body.done:
                raise NotHTTPError("the connection ended in the middle of the answer")
            case _:
                pass

    def _begin(self, raw: bytes) -> Head:
        if _FOREIGN.search(raw):
            raise NotHTTPError("a control character in the head")
        first, *lines = raw.split(b"\r\n")
        if (found := _STATUS_LINE.fullmatch(first)) is None:
            raise NotHTTPError("no status line")
        head = Head(int(found[2]), fields(lines))
        if head.status == _SWITCHING:
            raise NotHTTPError("an answer in another protocol, which nobody asked for")
        if head.status not in _INTERIM:
            modern = found[1] == b"1"
            self._body = self._framing(head, modern=modern)
            self._keeps = modern and "close" not in _listed(head.headers, "connection")
        return head

    def _framing(self, head: Head, *, modern: bool) -> Body:
        codings = _listed(head.headers, "transfer-encoding")
        lengths = [value for name, value in head.headers if name.lower() == "content-length"]
        if codings and (lengths or not modern or codings != ["chunked"]):
            raise NotHTTPError("a transfer coding that can be read in two ways")
        if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            raise NotHTTPError("a length that can be read in two ways")
        if self._bodiless or head.status in _BODILESS:
            return Sized(0)
        if codings:
            return Chunked()
        return Sized(int(lengths[0])) if lengths else Endless()


def fields(lines: Iterable[bytes]) -> Headers:
    """Return header lines as names and values. Raise :class:`NotHTTPError`.

    The lines hold no control characters but tabs.
    """
    found: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or _TOKEN.fullmatch(name) is None:
            raise NotHTTPError("a header line without a name")
        found.append((name, value.strip(b" \t")))
    return lines_of(found)


def _listed(headers: Headers, name: str) -> list[str]:
    """Return the members of a list that may stand in several lines, in lower case."""
    return [
        member.strip(" \t").lower()
        for key, value in headers
        if key.lower() == name
        for member in value.split(",")
    ]
