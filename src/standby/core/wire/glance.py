"""What a request says beside its conversation, read without the conversation.

Reading a body of 1 MB whole takes 1.2 ms and leaves a tree of many thousand objects; while the
cloud serves, nobody needs more of it than the model and whether the answer is streamed. Clients
write both before the first list or object, or behind the last (Claude Code 2.1.330, the SDKs).

Both ends are read as objects of their own: ``{`` with what stands before the first bracket, up to
a comma, and what stands behind the last bracket with ``}``. A bracket inside a string leads to a
cut inside that string; it leaves an odd number of quotes, and such a piece is never JSON.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["Glance", "glance"]

_OPENING: Final = re.compile(rb"[ \t\r\n]*\{")
_BRACKET: Final = re.compile(rb"[\[{]")
_COMMA: Final = re.compile(rb"[ \t\r\n]*,")
_SPACE: Final = b" \t\r\n"
# The ends are short; where they are not, reading the whole costs no more.
_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class Glance:
    """What a body asks for, if it is JSON and has each name once."""

    model: str
    stream: bool


def glance(body: bytes) -> Glance | None:
    """Return what both ends of a body say; ``None`` where only the whole can tell."""
    try:
        said = {**_beginning(body), **_end(body)}
    except NotJSONError:
        return None
    match said:
        case {"model": str(model), "stream": bool(stream)} if model:
            return Glance(model, stream)
        case _:
            return None


def _beginning(body: bytes) -> Mapping[str, JSON]:
    opening = _OPENING.match(body, 0, _MOST)
    bracket = _BRACKET.search(body, opening.end(), _MOST) if opening else None
    if opening is None or bracket is None:
        raise NotJSONError("no list or object near the beginning")
    comma = body.rfind(b",", opening.end(), bracket.start())
    return _members(body[opening.end() : comma]) if comma >= 0 else {}


def _end(body: bytes) -> Mapping[str, JSON]:
    end = body[-_MOST:].rstrip(_SPACE)
    if not end.endswith(b"}"):
        raise NotJSONError("no object ends here")
    bracket = max(end.rfind(b"]", 0, -1), end.rfind(b"}", 0, -1))
    if bracket < 0:
        raise NotJSONError("no list or object near the end")
    rest = end[bracket + 1 : -1]
    comma = _COMMA.match(rest)
    return _members(rest[comma.end() :]) if comma else {}


def _members(piece: bytes) -> Mapping[str, JSON]:
    said = loads(b"{%b}" % piece)
    if not isinstance(said, dict):
        raise NotJSONError("not members of an object")
    return said
