"""``gzip``: RFC 1952."""

import zlib
from typing import Final

from standby.adapters.codings.inflating import Inflating, stored, stored_in_blocks

__all__ = ["FORMAT", "NAMES"]

NAMES: Final = ("gzip", "x-gzip")


class _Gzip:
    """Another member may follow one that has ended; other bytes there mean nothing."""

    def __init__(self) -> None:
        self._member = Inflating(wbits=31)
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
                self._member, self._crc, self._size = Inflating(wbits=31), 0, 0
            more = self._member.read(data, limit - len(plain))
            self._crc = zlib.crc32(more, self._crc)
            self._size += len(more)
            plain += more
            data = self._member.after
        return plain

    def opening(self) -> bytes:
        return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, system unknown

    def blocks(self, plain: bytes) -> bytes:
        return stored_in_blocks(plain)

    def ending(self) -> bytes:
        size = self._size & 0xFFFFFFFF
        return stored(b"", last=True) + self._crc.to_bytes(4, "little") + size.to_bytes(4, "little")


FORMAT: Final = _Gzip
