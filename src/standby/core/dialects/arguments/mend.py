r"""Reads JSON as models write it when they get it wrong.

What is put up with: commas too many or missing, single and typographic quotes, keys without quotes,
line breaks and quotes inside a string that are not escaped, a backslash that escapes nothing,
Python's ``True`` and ``None``, comments, closing brackets that are missing, of the wrong kind, or
too many. What has no one meaning is not read: words without quotes, anything in place of a value.

Only for text that a strict reader has refused: what is proper JSON always means what it says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["JSON_STRINGS", "Mended", "Quotes", "mend", "value_at", "whole"]

_DEEPEST: Final = 100
_BLANK: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?(?:\*/|\Z)|\#[^\n]*)*", re.DOTALL)
_KEY: Final = re.compile(r"-?[A-Za-z_$][\w$-]*(?=\s*[:=])")
_NUMBER: Final = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_WORD: Final = re.compile(r"[A-Za-z]+(?!\w)")
_WORDS: Final[Mapping[str, JSON]] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "None": None,
    "NULL": None,
    "undefined": None,
}
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SHORT: Final[Mapping[str, str]] = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "'": "'",
    "`": "`",
    "\n": "\n",
}
# What may follow the quote that ends a string; any other quote is part of the string.
_COMMENT: Final = r"|,?\s*(?://[^\n]*\n|\#[^\n]*\n|/\*.*?\*/)"
_CLOSERS: Final = (
    r"|,?\s*(?:$|[\]})](?:[\s\]})]|,(?=\s*[\]})]))*(?:$|[<{\[`;]|,\s*[\"'“{\[\w+.-])))"
)
_AFTER_KEY: Final = re.compile(r"\s*[:=]")
_AFTER_MEMBER: Final = re.compile(
    r"\s*(?:[,\n]\s*(?:[\"'“][^\"'“”\n]{0,120}[\"'”]|[A-Za-z_$][\w$-]*)\s*[:=]"
    r"|,\s*(?:[\"'“][^\"'“”\n]{0,120}[\"'”]?|[\w$-]*)\s*$" + _COMMENT + _CLOSERS,
    re.DOTALL,
)
_AFTER_ITEM: Final = re.compile(
    r"\s*(?:,\s*(?:[\"'“{\[\d+.-]|(?:[tT]rue|[fF]alse|null|None)\b)" + _COMMENT + _CLOSERS,
    re.DOTALL,
)
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_CALL_SEPARATORS: Final = ",;"


@dataclass(frozen=True, slots=True)
class Quotes:
    """How strings are quoted: a closing mark for each opening one."""

    pairs: Mapping[str, str]
    raw: frozenset[str] = frozenset()
    """Opening marks of strings in which nothing is escaped and nothing is a mark but the end."""


JSON_STRINGS: Final = Quotes({'"': '"', "'": "'", "“": "”"})


@dataclass(frozen=True, slots=True)
class Mended:
    """A value, where it ended, and whether it was closed by what was there."""

    value: JSON
    end: int
    closed: bool


class _UnreadableError(ValueError):
    """The text stands for no value."""


def mend(text: str, start: int = 0, quotes: Quotes = JSON_STRINGS) -> Mended | None:
    """Return the value that begins at ``start``; ``None`` when there is none to be read."""
    reader = _Reader(text, quotes)
    try:
        value, end = reader.value(reader.blank(start), 0, _AFTER_ITEM)
    except _UnreadableError:
        return None
    return Mended(value, end, reader.closed)


def value_at(text: str, at: int) -> Mended | None:
    """Return the object or list that begins here, strictly read if it can be, else mended."""
    end = _end_of_proper(text, at)
    if end is not None:
        try:
            return Mended(loads(text[at:end]), end, closed=True)
        except NotJSONError:
            pass
    return mend(text, at)


def _end_of_proper(text: str, at: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def whole(text: str) -> Mended | None:
    """Return the value that all of a text stands for, but for brackets too many at its end.

    A fence around it is taken off.
    """
    try:
        return Mended(loads(text), len(text), closed=True)
    except NotJSONError:
        pass
    text = _unfenced(text)
    found = mend(text)
    if found is None or text[found.end :].strip(" \t\r\n,;}])"):
        return None
    return found


def _unfenced(text: str) -> str:
    inner = text.strip()
    if inner.startswith("```"):
        inner = inner.partition("\n")[2].rstrip().removesuffix("```")
    return inner


class _Reader:
    """Reads one text. ``closed`` becomes false when the end of the text had to close something."""

    def __init__(self, text: str, quotes: Quotes) -> None:
        self._text = text
        self._quotes = quotes
        self._openings = sorted(quotes.pairs, key=len, reverse=True)
        self.closed = True

    def blank(self, at: int) -> int:
        """Return where white space and comments end."""
        found = _BLANK.match(self._text, at)
        return at if found is None else found.end()

    def value(self, at: int, depth: int, after: re.Pattern[str]) -> tuple[JSON, int]:
        """Return the value that begins here, and where it ends."""
        if depth > _DEEPEST:
            raise _UnreadableError
        match self._text[at : at + 1]:
            case "{":
                return self._object(at + 1, depth)
            case "[" | "(":
                return self._array(at + 1, depth)
            case _ if (opening := self._opening(at)) is not None:
                return self._string(at, opening, after)
            case _:
                return self._scalar(at)

    def _object(self, at: int, depth: int) -> tuple[JSON, int]:
        members: dict[str, JSON] = {}
        while True:
            at = self._skip(at)
            match self._text[at : at + 1]:
                case "":
                    self.closed = False
                    return members, at
                case "}":
                    return members, at + 1
                case "]" | ")":
                    raise _UnreadableError
                case _:
                    at = self._member(at, depth, members)

    def _member(self, at: int, depth: int, members: dict[str, JSON]) -> int:
        key, at = self._key(at)
        at = self.blank(at)
        if at >= len(self._text):  # a key whose value did not come says nothing
            self.closed = False
            return at
        if self._text[at] not in ":=":
            raise _UnreadableError
        at = self.blank(at + 1)
        if at >= len(self._text):
            self.closed = False
            return at
        members[key], at = self.value(at, depth + 1, _AFTER_MEMBER)
        return at

    def _key(self, at: int) -> tuple[str, int]:
        opening = self._opening(at)
        if opening is not None:
            return self._string(at, opening, _AFTER_KEY)
        plain = _KEY.match(self._text, at)
        if plain is None:
            raise _UnreadableError
        return plain[0], plain.end()

    def _array(self, at: int, depth: int) -> tuple[JSON, int]:
        items: list[JSON] = []
        while True:
            at = self._skip(at)
            match self._text[at : at + 1]:
                case "":
                    self.closed = False
                    return items, at
                case "]" | ")":
                    return items, at + 1
                case "}":
                    # The bracket was forgotten; the brace belongs to the object around it.
                    if depth == 0:
                        raise _UnreadableError
                    return items, at
                case _:
                    item, at = self.value(at, depth + 1, _AFTER_ITEM)
                    items.append(item)

    def _skip(self, at: int) -> int:
        at = self.blank(at)
        while self._text[at : at + 1] and self._text[at] in _CALL_SEPARATORS:
            at = self.blank(at + 1)
        return at

    def _opening(self, at: int) -> str | None:
        return next((mark for mark in self._openings if self._text.startswith(mark, at)), None)

    def _string(self, at: int, opening: str, after: re.Pattern[str]) -> tuple[str, int]:
        begin = at + len(opening)
        closing = self._quotes.pairs[opening]
        if opening in self._quotes.raw:
            inner, closed, _ = self._text[begin:].partition(closing)
            self.closed = self.closed and bool(closed)
            return inner, begin + len(inner) + len(closed)
        end = self._end_of_string(begin, closing, after)
        if end is None:
            if self._text.rstrip().endswith(("}", "]")):
                # The quote was forgotten, not the end: where the string ends is anybody's guess.
                raise _UnreadableError
            self.closed = False
            return _unescaped(self._text[begin:].rstrip("\\")), len(self._text)
        return _unescaped(self._text[begin:end]), end + len(closing)

    def _end_of_string(self, begin: int, closing: str, after: re.Pattern[str]) -> int | None:
        mark = re.compile(r"\\.|" + re.escape(closing), re.DOTALL)
        for found in mark.finditer(self._text, begin):
            if found[0] == closing and after.match(self._text, found.end()):
                return found.start()
        return None

    def _scalar(self, at: int) -> tuple[JSON, int]:
        if (number := _NUMBER.match(self._text, at)) is not None:
            return _number(number[0]), number.end()
        word = _WORD.match(self._text, at)
        if word is None or word[0] not in _WORDS:
            raise _UnreadableError
        return _WORDS[word[0]], word.end()


def _number(text: str) -> JSON:
    plain = text.replace("_", "").lstrip("+")
    if re.fullmatch(r"-?\d{1,18}", plain):
        return int(plain)
    return float(plain)


def _unescaped(text: str) -> str:
    r"""Return what the inside of a string stands for. ``\d`` and ``\U`` escape nothing: they stay.

    A pair of surrogates is one character, half of one is U+FFFD.
    """
    said = _ESCAPE.sub(lambda found: _character(found[0]), text)
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: str) -> str:
    if len(escape) > len(r"\n"):
        digits = escape[2:]
        return chr(int(digits, 16))
    return _SHORT.get(escape[1], escape)
