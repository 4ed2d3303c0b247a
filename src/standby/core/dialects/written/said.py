"""What an answer says: words for the reader, or thoughts."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Said", "Thought", "Voiced", "without_partial"]


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer."""

    words: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of thinking."""

    words: str


Voiced = Said | Thought


def without_partial(text: str, marks: Iterable[str], begin: int = 0) -> int:
    """Return where the text ends, less what may be the beginning of one of the marks."""
    longest = max(len(mark) for mark in marks)
    for at in range(max(begin, len(text) - longest + 1), len(text)):
        tail = text[at:]
        if any(mark.startswith(tail) for mark in marks):
            return at
    return len(text)
