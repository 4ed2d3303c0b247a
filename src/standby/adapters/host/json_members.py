"""A JSON object as text, changed in one member and the same to the letter in all the rest."""

import json
import re
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["Member", "members", "with_member", "without_member"]

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: where it stands in the text, and what it holds."""

    name: str
    value: JSON
    begin: int
    end: int


def members(text: str) -> tuple[Member, ...]:
    """Return the members of the object that a text is. Raise :class:`ValueError` if it is none."""
    at = _expect(text, _skip(text, 0), "{")
    found: list[Member] = []
    while not text.startswith("}", at := _skip(text, at)):
        if found:
            at = _skip(text, _expect(text, at, ","))
        begin = at
        name, at = _DECODER.raw_decode(text, begin)
        if not isinstance(name, str):
            raise ValueError("a name is missing")  # noqa: TRY004  # the text is wrong, not a type
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        value, at = _DECODER.raw_decode(text, at)
        found.append(Member(name, value, begin, at))
    if text[_skip(text, at + 1) :]:
        raise ValueError("something follows the object")
    return tuple(found)


def with_member(text: str, name: str, value: JSON) -> str:
    """Return the text with one more member at its end. Raise :class:`ValueError`."""
    there = members(text)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not there:
        at = text.index("{")
        rest = text[_skip(text, at + 1) :]
        return f"{text[: at + 1]}{line_end}{_INDENT}{_written(name, value)}{line_end}{rest}"
    last = there[-1]
    return f"{text[: last.end]},{_before(text, last)}{_written(name, value)}{text[last.end :]}"


def without_member(text: str, name: str) -> str:
    """Return the text without a member, and without the comma that it needed."""
    there = members(text)
    for place, member in enumerate(there):
        if member.name != name:
            continue
        if place:
            return text[: there[place - 1].end] + text[member.end :]
        if len(there) > 1:
            return text[: member.begin] + text[there[1].begin :]
        end = _skip(text, member.end)
        return text[: text.index("{") + 1] + text[end:]
    return text


def _before(text: str, member: Member) -> str:
    """Return the blanks that set a member off from what stands before it."""
    blank = text[: member.begin]
    return blank[len(blank.rstrip(" \t\r\n")) :] or " "


def _written(name: str, value: JSON) -> str:
    return f"{json.dumps(name)}: {json.dumps(value)}"


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise ValueError(f"{sign!r} is missing")
    return at + 1
