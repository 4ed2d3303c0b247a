"""DeepSeek V3 and R1, and V3.1, which leaves out the word ``function`` and the fence.

The tokens have full-width bars and a block character for the underscore; servers that write them
in ASCII exist.
"""

import re
from typing import Final

from standby.core.dialects.arguments.mend import value_at
from standby.core.dialects.written.bodies import END_OF_TURN
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written

__all__ = ["FORMAT"]


_BAR: Final = "[|\uff5c]"


def _token(words: str) -> str:
    return rf"<{_BAR}" + words.replace("_", "[_▁]") + rf"{_BAR}>"


_BEGINNINGS: Final = tuple(
    f"<{bar}tool{join}{what}{join}begin{bar}>"
    for bar, join in (("\uff5c", "▁"), ("|", "▁"), ("|", "_"))
    for what in ("calls", "call")
)
_BEGIN: Final = rf"\s*(?:{_token('tool_calls_begin')})?\s*{_token('tool_call_begin')}"
_CALL: Final = re.compile(
    rf"{_BEGIN}\s*(?:function\s*{_token('tool_sep')})?\s*([\w.:/-]{{1,128}})\s*"
    rf"(?:{_token('tool_sep')}\s*)?(?:```(?:json)?\s*)?(?=[{{<])"
)
_NAMED: Final = re.compile(
    rf"{_BEGIN}\s*(?:function\s*{_token('tool_sep')}\s*([\w.:/-]{{1,128}})(?=[\s`{{])"
    rf"|([\w.:/-]{{1,128}})\s*{_token('tool_sep')}\s*(?=\{{|`|<))"
)
_CLOSING: Final = re.compile(
    rf"\s*(?:```|{_token('tool_call_end')}|{_token('tool_calls_end')}"
    rf"|{_token('end_of_sentence')}|{END_OF_TURN})"
)
_END: Final = re.compile(rf"\s*(?:```\s*)?{_token('tool_call_end')}")


def _head(text: str) -> Head:
    named = _NAMED.match(text)
    if named is not None:
        return named[1] or named[2]
    return Doubt.MORE if len(text) < WINDOW else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    calls: list[Written] = []
    at = 0
    while text[at:].strip():
        opened = _CALL.match(text, at)
        if opened is None:
            return None
        call, at = _one(text, opened[1], opened.end())
        closings = 0
        while (closing := _CLOSING.match(text, at)) is not None:
            at = closing.end()
            closings += 1
        if text[at:].strip() and (not closings or _CALL.match(text, at) is None):
            return None
        calls.append(call)
    return tuple(calls) or None


def _one(text: str, name: str, at: int) -> tuple[Written, int]:
    found = value_at(text, at)
    if found is not None and found.closed:
        return Written(name, found.value), found.end
    end = _END.search(text, at)
    stop = len(text) if end is None else end.start()
    inner = value_at(text[:stop], at)
    if inner is None:
        return Written(name, None), stop
    return Written(name, inner.value, closed=end is not None), stop


FORMAT: Final = Format("deepseek", _BEGINNINGS, _head, _read)
