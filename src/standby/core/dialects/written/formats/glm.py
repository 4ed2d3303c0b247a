"""GLM-4.5 and later: the name, then a pair of tags for each argument, values as they are."""

import re
from typing import Final

from standby.core.dialects.written.bodies import END_OF_TURN
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written
from standby.core.wire.json import JSON

__all__ = ["FORMAT"]

_MARKER: Final = "<tool_call>"
_OPENED: Final = re.compile(r"\s*<tool_call>\s*([\w.:/-]{1,128})\s*(?:<arg_key>|</tool_call>)")
_OPENING: Final = re.compile(r"<tool_call>\s*(?:[\w.:/-]+\s*(?:<[a-z_/]{0,10})?)?")
_CALL: Final = re.compile(r"\s*<tool_call>\s*([\w.:/-]{1,128})\s*")
_PAIR: Final = re.compile(
    r"\s*<arg_key>\s*([^<]{1,128}?)\s*</arg_key>\s*<arg_value>(.*?)"
    r"(?:</arg_value>(?=\s*(?:<arg_key>|</tool_call>|$|<\|))|(?=\s*<arg_key>|\s*</tool_call>)|\Z)",
    re.DOTALL,
)
_CLOSING: Final = re.compile(r"\s*(?:</tool_call>|" + END_OF_TURN + "|<\\|observation\\|>)")


def _head(text: str) -> Head:
    opened = _OPENED.match(text)
    if opened is not None:
        return opened[1]
    fits = _OPENING.fullmatch(text) is not None and len(text) < WINDOW
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    calls: list[Written] = []
    at = 0
    while text[at:].strip():
        opened = _CALL.match(text, at)
        if opened is None:
            return None
        values: dict[str, JSON] = {}
        at = opened.end()
        while (pair := _PAIR.match(text, at)) is not None:
            values[pair[1]] = pair[2].removeprefix("\n").removesuffix("\n")
            at = pair.end()
        closed = False
        while (closing := _CLOSING.match(text, at)) is not None:
            at = closing.end()
            closed = True
        if text[at:].strip() and (not closed or _CALL.match(text, at) is None):
            return None
        calls.append(Written(opened[1], values, closed))
    return tuple(calls) or None


FORMAT: Final = Format("glm", (_MARKER,), _head, _read)
