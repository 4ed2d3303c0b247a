"""``deflate``: a zlib stream (RFC 1950), or deflate without a wrapper."""

import zlib
from typing import Final

from standby.adapters.codings.inflating import Inflating, stored, stored_in_blocks

__all__ = ["FORMAT", "NAMES"]

NAMES: Final = ("deflate",)
_WRAPPER_BYTES: Final = 2
_ZLIB_METHOD: Final = 0x0800


class _Deflate:
    """``deflate`` is a zlib stream (RFC 9110 8.4.1.2); some servers send it without the wrapper."""

    def __init__(self) -> None:
        self._held = b""  # the first byte, until the second says what both are
        self._stream: Inflating | None = None
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
            self._stream = Inflating(wbits=15 if self._wrapped else -15)
        if self._stream.ended:
            return b""
        plain = self._stream.read(data, limit)
        self._sum = zlib.adler32(plain, self._sum)
        return plain

    def opening(self) -> bytes:
        return b"\x78\x01"

    def blocks(self, plain: bytes) -> bytes:
        return stored_in_blocks(plain)

    def ending(self) -> bytes:
        trailer = self._sum.to_bytes(4, "big") if self._wrapped else b""
        return stored(b"", last=True) + trailer


def _is_zlib(start: bytes) -> bool:
    """Whether it begins as RFC 1950 2.2 wants: deflate, a window up to 32 KiB, and a checksum."""
    wrapper = int.from_bytes(start[:_WRAPPER_BYTES], "big")
    return wrapper & 0x8F00 == _ZLIB_METHOD and wrapper % 31 == 0


FORMAT: Final = _Deflate
