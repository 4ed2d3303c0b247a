"""Where things stand in the bytes of a JSON text, so that they can be cut out of it.

A body on its way to the cloud is never parsed and written again. What must go is cut out of the
bytes, and for that one has to know where it begins and ends. :class:`Cursor` walks a text that is
known to be JSON, once, and steps over whatever nobody asked for; of a text that is not JSON it says
:class:`~standby.core.wire.json.NotJSONError` or something meaningless, but it always ends.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import NotJSONError, loads

__all__ = ["Content", "Cursor", "Span", "contents"]

_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^][{},:\" \t\r\n]++")
# What changes the depth, with the strings in between, that may hold the same characters. A string
# that never ends is one step too: looked for again at each of its quotes, it would cost n squared.
_STEP: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[][{}]', re.DOTALL)
_OPENS: Final = (b"{", b"[")
_CLOSES: Final = (b"}", b"]")


@dataclass(frozen=True, slots=True)
class Span:
    """From the first byte of a value to the one behind its last."""

    start: int
    end: int


class Cursor:
    """A place in a JSON text, always at the beginning of a value or just behind one.

    :meth:`members` and :meth:`elements` stop at each value they hold. Go into it with either of
    them, or leave it: what is left is stepped over.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._skip_space()

    @property
    def at(self) -> int:
        """The offset of the next byte."""
        return self._at

    def opens(self) -> str:
        """Return the first character of the value at the cursor."""
        return self._data[self._at : self._at + 1].decode("latin-1")

    def skip(self) -> Span:
        """Step over one value and say where it stands."""
        start = self._at
        if self._peek() in _OPENS:
            self._at = self._end_of_container()
        else:
            rule = _STRING if self._peek() == b'"' else _SCALAR
            self._at = self._match(rule).end()
        return Span(start, self._at)

    def members(self) -> Iterator[str]:
        """Go through the object at the cursor: stop at each value and give its name."""
        for _ in self._items(b"{", b"}"):
            name = self._match(_STRING)
            self._at = name.end()
            self._skip_space()
            self._take(b":")
            self._skip_space()
            value = self._at
            yield _text(name.group())
            if self._at == value:
                self.skip()

    def elements(self) -> Iterator[int]:
        """Go through the array at the cursor: stop at each value and give its offset."""
        for start in self._items(b"[", b"]"):
            yield start
            if self._at == start:
                self.skip()

    def _items(self, opening: bytes, closing: bytes) -> Iterator[int]:
        self._take(opening)
        self._skip_space()
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            yield self._at
            self._skip_space()
            mark = self._peek()
            self._at += 1
            if mark == closing:
                return
            if mark != b",":
                raise NotJSONError(f"neither a comma nor an end at byte {self._at - 1}")
            self._skip_space()

    def _end_of_container(self) -> int:
        depth = 0
        for step in _STEP.finditer(self._data, self._at):
            token = step.group()
            if token in _OPENS:
                depth += 1
            elif token in _CLOSES:
                depth -= 1
                if depth == 0:
                    return step.end()
        raise NotJSONError(f"what opens at byte {self._at} never closes")

    def _peek(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _take(self, mark: bytes) -> None:
        if self._peek() != mark:
            raise NotJSONError(f"no {mark.decode()} at byte {self._at}")
        self._at += 1

    def _skip_space(self) -> None:
        self._at = self._match(_SPACE).end()

    def _match(self, rule: re.Pattern[bytes]) -> re.Match[bytes]:
        found = rule.match(self._data, self._at)
        if found is None:
            raise NotJSONError(f"not a value at byte {self._at}")
        return found


@dataclass(frozen=True, slots=True)
class Content:
    """The content of one message: where each of its blocks stands; none when it is no list."""

    blocks: tuple[Span, ...]
    text: Span | None = None
    """Where it stands itself, when it is a string."""


def contents(body: bytes) -> tuple[Content, ...]:
    """Return where ``messages[i].content[j]`` stand in the body of a request.

    A name that is there twice counts the last time, as every parser of the house reads it.
    """
    cursor = Cursor(body)
    found: tuple[Content, ...] = ()
    for name in cursor.members():
        if name == "messages":
            found = _messages(cursor)
    return found


def _messages(cursor: Cursor) -> tuple[Content, ...]:
    if cursor.opens() != "[":
        return ()
    return tuple(_content(cursor) for _ in cursor.elements())


def _content(message: Cursor) -> Content:
    found = Content(())
    if message.opens() != "{":
        return found
    for name in message.members():
        if name == "content":
            found = _blocks(message)
    return found


def _blocks(content: Cursor) -> Content:
    match content.opens():
        case "[":
            return Content(tuple(content.skip() for _ in content.elements()))
        case '"':
            return Content((), content.skip())
        case _:
            return Content(())


def _text(string: bytes) -> str:
    if b"\\" not in string:
        return string[1:-1].decode("utf-8", errors="replace")
    try:
        name = loads(string)
    except NotJSONError:  # half of a surrogate pair; nobody asks for such a name
        return ""
    return name if isinstance(name, str) else ""
