"""Content codings: what an answer says in plain, and going on in place where its peer was cut off.

A client that asked for compression gets one coded stream, and must be able to decode the whole of
it, the peer's beginning and our end. All three formats allow it where the peer has flushed, which
each server that streams events does after each of them: the coded bytes then end on the border of a
block, and a block that holds its text uncompressed can follow (deflate: RFC 1951 3.2.4; brotli: RFC
7932 9.2; zstd: RFC 8878 3.1.1.2). Ours travels over loopback, where compressing it gains nothing.

Whether the border is safe is not guessed from the last bytes: what we append is first read by the
decoder that has read the peer's part. If our text does not come out of it, nothing is appended.
"""

import sys
import zlib
from enum import Enum, auto
from itertools import pairwise
from typing import Final, Protocol

import brotli

from standby.ports import Coder, CodingError

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

__all__ = ["MAX_PLAIN_BYTES", "MAX_READ_BYTES", "coder_for"]

# An answer of text is far below; a bomb is stopped here, whatever its ratio (ours).
MAX_PLAIN_BYTES: Final = 64 * 1024 * 1024
# What the coded bytes of one read may grow to (ours): they lie in memory at once.
MAX_READ_BYTES: Final = 16 * 1024 * 1024


def coder_for(content_encoding: str) -> Coder:
    """Return the coder for a ``content-encoding``; one that we do not know refuses to decode."""
    match content_encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Coded(_Gzip())
        case "deflate":
            return _Coded(_Deflate())
        case "br":
            return _Coded(_Brotli())
        case "zstd":
            return _Coded(_Zstd())
        case unknown:
            return _Unknown(unknown)


class _Identity:
    """No coding at all."""

    def decode(self, data: bytes) -> bytes:
        return data

    def append(self, plain: bytes) -> bytes:
        return plain

    def finish(self) -> bytes:
        return b""


class _Unknown:
    """A coding that can be passed on, but not read."""

    def __init__(self, name: str) -> None:
        self._why = f"the content coding {name!r} is not known"

    def decode(self, data: bytes) -> bytes:
        raise CodingError(self._why)

    def append(self, plain: bytes) -> bytes:
        raise CodingError(self._why)

    def finish(self) -> bytes:
        raise CodingError(self._why)


class _Format(Protocol):
    """One coding: its decoder, and the few bytes that make an uncompressed block of it."""

    @property
    def ended(self) -> bool:
        """Whether the stream was ended, by whoever wrote it."""
        ...

    def read(self, data: bytes, limit: int) -> bytes:
        """Return the text of further bytes. Raise :class:`CodingError`, beyond the limit too."""
        ...

    def opening(self) -> bytes:
        """Return the bytes that a stream begins with."""
        ...

    def blocks(self, plain: bytes) -> bytes:
        """Return whole blocks that hold the text as it is, none of them the last."""
        ...

    def ending(self) -> bytes:
        """Return the last block, empty, and what has to follow it."""
        ...


class _Stage(Enum):
    UNTOUCHED = auto()
    THEIRS = auto()  # the peer's bytes are being read
    OURS = auto()  # we have gone on after them
    BROKEN = auto()  # nothing can be appended, ever


class _Coded:
    """A coder for any of the formats. After :class:`CodingError` it does nothing more."""

    def __init__(self, form: _Format) -> None:
        self._form = form
        self._stage = _Stage.UNTOUCHED
        self._plain_bytes = 0

    def decode(self, data: bytes) -> bytes:
        if not data:
            return b""
        match self._stage:
            case _Stage.UNTOUCHED | _Stage.THEIRS:
                self._stage = _Stage.THEIRS
                return self._read(data)
            case _Stage.OURS:
                raise CodingError("the peer has been left: its bytes can no longer be read")
            case _Stage.BROKEN:
                raise CodingError("these bytes follow some that could not be decoded")

    def append(self, plain: bytes) -> bytes:
        if not plain:
            return b""
        ours = self._opening() + self._form.blocks(plain)
        self._prove(ours, plain)
        self._stage = _Stage.OURS
        return ours

    def finish(self) -> bytes:
        if self._form.ended and self._stage is not _Stage.BROKEN:
            return b""
        ours = self._opening() + self._form.ending()
        self._prove(ours, b"")
        if not self._form.ended:
            self._stage = _Stage.BROKEN
            raise CodingError("the stream cannot be ended where it was cut")
        return ours

    def _opening(self) -> bytes:
        match self._stage:
            case _Stage.UNTOUCHED:
                return self._form.opening()
            case _Stage.THEIRS | _Stage.OURS if not self._form.ended:
                return b""
            case _:
                raise CodingError("the coded stream has ended or is broken: nothing can follow")

    def _prove(self, ours: bytes, plain: bytes) -> None:
        if self._read(ours) != plain:
            self._stage = _Stage.BROKEN
            raise CodingError("the peer was cut inside a block: nothing can be appended there")

    def _read(self, data: bytes) -> bytes:
        try:
            plain = self._form.read(data, min(MAX_READ_BYTES, MAX_PLAIN_BYTES - self._plain_bytes))
        except CodingError:
            self._stage = _Stage.BROKEN
            raise
        self._plain_bytes += len(plain)
        return plain


_TOO_LONG: Final = "the answer decodes to more than any answer should"


def _pieces(plain: bytes, size: int) -> list[bytes]:
    return [plain[start:end] for start, end in pairwise([*range(0, len(plain), size), len(plain)])]


# --- deflate, in its three wrappers ---

_STORED_MAX: Final = 0xFFFF
_WRAPPER_BYTES: Final = 2
_ZLIB_METHOD: Final = 0x0800


def _stored(plain: bytes, *, last: bool = False) -> bytes:
    """Return a stored block: at a byte border, its three bits of header fill a byte with zeros."""
    size = len(plain)
    return (
        bytes((last,)) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + plain
    )


class _Inflating:
    """One deflate stream in the wrapper that ``wbits`` names, as zlib has it."""

    def __init__(self, wbits: int) -> None:
        self._inflater = zlib.decompressobj(wbits)

    @property
    def ended(self) -> bool:
        return self._inflater.eof

    @property
    def after(self) -> bytes:
        """What came behind the end."""
        return self._inflater.unused_data

    def read(self, data: bytes, limit: int) -> bytes:
        try:
            plain = self._inflater.decompress(data, limit + 1)
        except zlib.error as error:
            raise CodingError(f"not a deflate stream: {error}") from None
        if len(plain) > limit:
            raise CodingError(_TOO_LONG)
        return plain


class _Gzip:
    """RFC 1952. Another member may follow one that has ended; other bytes there mean nothing."""

    def __init__(self) -> None:
        self._member = _Inflating(wbits=31)
        self._crc = 0
        self._size = 0

    @property
    def ended(self) -> bool:
        return self._member.ended

    def read(self, data: bytes, limit: int) -> bytes:
        plain = b""
        while data:
            if self._member.ended:
                if not data.startswith(b"\x1f"):
                    break
                self._member, self._crc, self._size = _Inflating(wbits=31), 0, 0
            more = self._member.read(data, limit - len(plain))
            self._crc = zlib.crc32(more, self._crc)
            self._size += len(more)
            plain += more
            data = self._member.after
        return plain

    def opening(self) -> bytes:
        return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, system unknown

    def blocks(self, plain: bytes) -> bytes:
        return b"".join(map(_stored, _pieces(plain, _STORED_MAX)))

    def ending(self) -> bytes:
        size = self._size & 0xFFFFFFFF
        return (
            _stored(b"", last=True) + self._crc.to_bytes(4, "little") + size.to_bytes(4, "little")
        )


class _Deflate:
    """``deflate`` is a zlib stream (RFC 9110 8.4.1.2); some servers send it without the wrapper."""

    def __init__(self) -> None:
        self._held = b""  # the first byte, until the second says what both are
        self._stream: _Inflating | None = None
        self._wrapped = True
        self._sum = zlib.adler32(b"")

    @property
    def ended(self) -> bool:
        return self._stream is not None and self._stream.ended

    def read(self, data: bytes, limit: int) -> bytes:
        if self._stream is None:
            data = self._held + data
            if len(data) < _WRAPPER_BYTES:
                self._held = data
                return b""
            self._wrapped = _is_zlib(data)
            self._stream = _Inflating(wbits=15 if self._wrapped else -15)
        if self._stream.ended:
            return b""
        plain = self._stream.read(data, limit)
        self._sum = zlib.adler32(plain, self._sum)
        return plain

    def opening(self) -> bytes:
        return b"\x78\x01"

    def blocks(self, plain: bytes) -> bytes:
        return b"".join(map(_stored, _pieces(plain, _STORED_MAX)))

    def ending(self) -> bytes:
        trailer = self._sum.to_bytes(4, "big") if self._wrapped else b""
        return _stored(b"", last=True) + trailer


def _is_zlib(start: bytes) -> bool:
    """Whether it begins as RFC 1950 2.2 wants: deflate, a window up to 32 KiB, and a checksum."""
    wrapper = int.from_bytes(start[:_WRAPPER_BYTES], "big")
    return wrapper & 0x8F00 == _ZLIB_METHOD and wrapper % 31 == 0


# --- brotli ---

_META_BLOCK_MAX: Final = 1 << 16  # what four nibbles of length can say


class _Unbrotli(Protocol):
    """What we use of ``brotli.Decompressor``, which ships no types."""

    def process(self, data: bytes, output_buffer_limit: int = ...) -> bytes: ...
    def is_finished(self) -> bool: ...


class _Brotli:
    """RFC 7932. A flush ends in an empty meta-block that fills its last byte."""

    def __init__(self) -> None:
        self._decoder: _Unbrotli = brotli.Decompressor()

    @property
    def ended(self) -> bool:
        return self._decoder.is_finished()

    def read(self, data: bytes, limit: int) -> bytes:
        if self.ended:
            return b""
        plain = b""
        while more := self._process(data, limit + 1 - len(plain)):
            plain, data = plain + more, b""
            if len(plain) > limit:
                raise CodingError(_TOO_LONG)
        return plain

    def _process(self, data: bytes, limit: int) -> bytes:
        # brotli 1.2.1 stops at 32 KiB of text, with all of the input taken, and says that it is
        # ready for more: what is left comes out of the next call, here with nothing.
        try:
            return self._decoder.process(data, output_buffer_limit=limit)
        except brotli.error as error:
            raise CodingError(f"not a brotli stream: {error}") from None

    def opening(self) -> bytes:
        return b"\x0c"  # a window of 64 KiB, and an empty meta-block up to the byte border

    def blocks(self, plain: bytes) -> bytes:
        return b"".join(map(_meta_block, _pieces(plain, _META_BLOCK_MAX)))

    def ending(self) -> bytes:
        return b"\x03"  # ISLAST, ISLASTEMPTY


def _meta_block(plain: bytes) -> bytes:
    """Return a meta-block: ISLAST 0, four nibbles of length less one, ISUNCOMPRESSED 1, text."""
    return ((len(plain) - 1) << 3 | 1 << 19).to_bytes(3, "little") + plain


# --- zstd ---

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_BLOCK_MAX: Final = 128 * 1024
_HEAD_BYTES: Final = len(_MAGIC) + 2


class _Zstd:
    """RFC 8878. A frame may announce what only its own writer can keep: a size, a checksum."""

    def __init__(self) -> None:
        self._frame = ZstdDecompressor()
        self._head = b""  # of the frame, as far as its descriptor and window

    @property
    def ended(self) -> bool:
        return self._frame.eof

    def read(self, data: bytes, limit: int) -> bytes:
        plain = b""
        while data:
            if self._frame.eof:
                self._frame, self._head = ZstdDecompressor(), b""
            self._head += data[: _HEAD_BYTES - len(self._head)]
            plain += self._decompress(data, limit - len(plain))
            data = self._frame.unused_data
        return plain

    def _decompress(self, data: bytes, limit: int) -> bytes:
        try:
            plain = self._frame.decompress(data, limit + 1)
        except ZstdError as error:
            raise CodingError(f"not a zstd stream: {error}") from None
        if len(plain) > limit:
            raise CodingError(_TOO_LONG)
        return plain

    def opening(self) -> bytes:
        return _MAGIC + b"\x00\x38"  # no size, no checksum, no dictionary; a window of 128 KiB

    def blocks(self, plain: bytes) -> bytes:
        block_max = min(_BLOCK_MAX, self._window_bytes())
        return b"".join(
            (len(piece) << 3).to_bytes(3, "little") + piece for piece in _pieces(plain, block_max)
        )

    def ending(self) -> bytes:
        self._window_bytes()
        return b"\x01\x00\x00"  # last, raw, empty

    def _window_bytes(self) -> int:
        match tuple(self._head or self.opening()):
            case (*magic, descriptor, window) if bytes(magic) == _MAGIC:
                pass
            case _:
                raise CodingError("the peer was cut inside the head of a zstd frame")
        if descriptor & 0b1110_0100:
            raise CodingError("the zstd frame announces its size or a checksum: nothing can follow")
        base: int = 1 << (10 + (window >> 3))
        return base + base // 8 * (window & 7)
