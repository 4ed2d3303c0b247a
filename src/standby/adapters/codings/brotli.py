"""``br``: RFC 7932."""

from typing import Final, Protocol

import brotli

from standby.adapters.codings.format import TOO_LONG, pieces
from standby.ports import CodingError

__all__ = ["FORMAT", "NAMES"]

NAMES: Final = ("br",)
_META_BLOCK_MAX: Final = 1 << 16  # what four nibbles of length can say


class _Unbrotli(Protocol):
    """What we use of ``brotli.Decompressor``, which ships no types."""

    def process(self, data: bytes, output_buffer_limit: int = ...) -> bytes: ...
    def is_finished(self) -> bool: ...


class _Brotli:
    """A flush ends in an empty meta-block that fills its last byte."""

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
                raise CodingError(TOO_LONG)
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
        return b"".join(map(_meta_block, pieces(plain, _META_BLOCK_MAX)))

    def ending(self) -> bytes:
        return b"\x03"  # ISLAST, ISLASTEMPTY


def _meta_block(plain: bytes) -> bytes:
    """Return a meta-block: ISLAST 0, four nibbles of length less one, ISUNCOMPRESSED 1, text."""
    return ((len(plain) - 1) << 3 | 1 << 19).to_bytes(3, "little") + plain


FORMAT: Final = _Brotli
