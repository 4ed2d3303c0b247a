"""Qwen3-Coder, 3.5 and 3.6: a tag for the function and one for each parameter, values as they are.

There are no types: everything is a string until the schema says what it is.
"""

import re
from typing import Final

from standby.core.dialects.written.bodies import END_OF_TURN
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written
from standby.core.wire.json import JSON

__all__ = ["FORMAT"]

# The model leaves out the outer tag at times, and closing ones.
_MARKERS: Final = ("<tool_call>", "<function=", "<function name=")
_OPENED: Final = re.compile(
    r"(?:<tool_call>\s*)?<function(?:=|\s+name=)\s*[\"']?([\w.:/-]{1,128})[\"']?\s*>\s*(?=[<\w])"
)
_OPENING: Final = re.compile(
    r"(?:<tool_call>\s*)?(?:<(?:f|fu|fun|func|funct|functi|functio)?"
    r"|<function\s*(?:n|na|nam)?|<function(?:=|\s+name=?)\s*[\"']?[\w.:/-]*[\"']?\s*>?\s*)?"
)
_CALL: Final = re.compile(
    r"\s*(?:<tool_call>\s*)?<function(?:=|\s+name=)\s*[\"']?([\w.:/-]{1,128})[\"']?\s*>"
)
_PARAMETER: Final = re.compile(r"\s*<parameter(?:=|\s+name=)\s*[\"']?([^\s<>\"']{1,128})[\"']?\s*>")
_NEXT: Final = r"\s*(?:<parameter(?:=|\s+name=)|</function>|</tool_call>|$)"
_ENDED: Final = re.compile(rf"</parameter>(?={_NEXT})")
_FOLLOWING: Final = re.compile(r"\n<parameter(?:=|\s+name=)")
_OUTER_END: Final = re.compile(r"\s{0,9}</function>|\Z")
_CLOSING: Final = re.compile(r"\s*(?:</function>|</tool_call>|" + END_OF_TURN + ")")


def _head(text: str) -> Head:
    opened = _OPENED.match(text)
    if opened is not None:
        return opened[1] if text[opened.end()] == "<" else Doubt.NO
    fits = _OPENING.fullmatch(text) is not None and len(text) < WINDOW
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    calls: list[Written] = []
    at = 0
    while text[at:].strip():
        opened = _CALL.match(text, at)
        if opened is None:
            return None
        call, at = _one(text, opened)
        if call is None:
            return None
        calls.append(call)
    return tuple(calls) or None


def _one(text: str, opened: re.Match[str]) -> tuple[Written | None, int]:
    """Return the call whose opening was found, and where it ends."""
    values: dict[str, JSON] = {}
    at = opened.end()
    closed = True
    while (parameter := _PARAMETER.match(text, at)) is not None:
        values[parameter[1]], at, closed = _value(text, parameter.end())
    closings = 0
    while (closing := _CLOSING.match(text, at)) is not None:
        at = closing.end()
        closings += 1
    rest = text[at : at + WINDOW].lstrip()
    if rest and (not closings or not rest.startswith(_MARKERS)):
        return None, at
    return Written(opened[1], values, closed and closings > 0), at


def _value(text: str, begin: int) -> tuple[str, int, bool]:
    """Return the value that begins here, where it ends, and whether anything says so.

    The one line break on either side is not part of it.
    """
    ended = _ENDED.search(text, begin)
    following = _FOLLOWING.search(text, begin)
    if ended is None or (following is not None and following.start() < ended.start()):
        ended = following or _OUTER_END.search(text, begin)
        stop = len(text) if ended is None else ended.start()
        return text[begin:stop].removeprefix("\n").removesuffix("\n"), stop, following is not None
    value = text[begin : ended.start()]
    return value.removeprefix("\n").removesuffix("\n"), ended.end(), True


FORMAT: Final = Format("qwen_xml", _MARKERS, _head, _read)
