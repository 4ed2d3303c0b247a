"""``zstd``: RFC 8878."""

import sys
from typing import Final

from standby.adapters.codings.format import TOO_LONG, pieces
from standby.ports import CodingError

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

__all__ = ["FORMAT", "NAMES"]

NAMES: Final = ("zstd",)
_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_BLOCK_MAX: Final = 128 * 1024
_HEAD_BYTES: Final = len(_MAGIC) + 2


class _Zstd:
    """A frame may announce what only its own writer can keep: a size, a checksum."""

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
            raise CodingError(TOO_LONG)
        return plain

    def opening(self) -> bytes:
        return _MAGIC + b"\x00\x38"  # no size, no checksum, no dictionary; a window of 128 KiB

    def blocks(self, plain: bytes) -> bytes:
        block_max = min(_BLOCK_MAX, self._window_bytes())
        return b"".join(
            (len(piece) << 3).to_bytes(3, "little") + piece for piece in pieces(plain, block_max)
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


FORMAT: Final = _Zstd
