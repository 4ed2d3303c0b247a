"""What each coding has to know, and what all of them share."""

from itertools import pairwise
from typing import Final, Protocol

__all__ = ["TOO_LONG", "Format", "pieces"]

TOO_LONG: Final = "the answer decodes to more than any answer should"


class Format(Protocol):
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


def pieces(plain: bytes, size: int) -> list[bytes]:
    """Return the text in pieces of a size, the last one shorter."""
    return [plain[start:end] for start, end in pairwise([*range(0, len(plain), size), len(plain)])]
