"""Deflate (RFC 1951), which two codings wrap each in its own way."""

import zlib
from typing import Final

from standby.adapters.codings.format import TOO_LONG, pieces
from standby.ports import CodingError

__all__ = ["Inflating", "stored", "stored_in_blocks"]

_STORED_MAX: Final = 0xFFFF


def stored(plain: bytes, *, last: bool = False) -> bytes:
    """Return a stored block: at a byte border, its three bits of header fill a byte with zeros."""
    size = len(plain)
    return (
        bytes((last,)) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + plain
    )


class Inflating:
    """One deflate stream in the wrapper that ``wbits`` names, as zlib has it."""

    def __init__(self, wbits: int) -> None:
        self._inflater = zlib.decompressobj(wbits)

    @property
    def ended(self) -> bool:
        """Whether the stream was ended."""
        return self._inflater.eof

    @property
    def after(self) -> bytes:
        """What came behind the end."""
        return self._inflater.unused_data

    def read(self, data: bytes, limit: int) -> bytes:
        """Return the text of further bytes. Raise :class:`CodingError`, beyond the limit too."""
        try:
            plain = self._inflater.decompress(data, limit + 1)
        except zlib.error as error:
            raise CodingError(f"not a deflate stream: {error}") from None
        if len(plain) > limit:
            raise CodingError(TOO_LONG)
        return plain


def stored_in_blocks(plain: bytes) -> bytes:
    """Return whole blocks that hold the text as it is, none of them the last."""
    return b"".join(map(stored, pieces(plain, _STORED_MAX)))
