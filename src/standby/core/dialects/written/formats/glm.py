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
_KEY: Final = re.compile(r"\s*<arg_key>\s*([^<]{1,128}?)\s*</arg_key>\s*<arg_value>")
_VALUE_END: Final = re.compile(r"</arg_value>(?=\s*(?:<arg_key>|</tool_call>|$|<\|))")
_NEXT_KEY: Final = re.compile(r"\s{0,9}<arg_key>")
_CALL_END: Final = re.compile(r"\s{0,9}</tool_call>|\Z")
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
        said = True
        while (key := _KEY.match(text, at)) is not None:
            value, at, said = _value(text, key.end())
            values[key[1]] = value
        closed = False
        while (closing := _CLOSING.match(text, at)) is not None:
            at = closing.end()
            closed = True
        if text[at:].strip() and (not closed or _CALL.match(text, at) is None):
            return None
        calls.append(Written(opened[1], values, closed and said))
    return tuple(calls) or None


def _value(text: str, begin: int) -> tuple[str, int, bool]:
    """Return the value that begins here, where it ends, and whether anything says so."""
    end = _VALUE_END.search(text, begin)
    following = _NEXT_KEY.search(text, begin)
    if end is None or (following is not None and following.start() < end.start()):
        end = following or _CALL_END.search(text, begin)
        stop = len(text) if end is None else end.start()
        return text[begin:stop], stop, following is not None
    value = text[begin : end.start()]
    wrapped = len(value) > 1 and value[0] == value[-1] == "\n"
    return value[1:-1] if wrapped else value, end.end(), True


FORMAT: Final = Format("glm", (_MARKER,), _head, _read)
