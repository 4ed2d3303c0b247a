"""Gemma 4: ``call:Name{key:<|"|>value<|"|>}`` between tokens; FunctionGemma with other tokens."""

import re
from typing import Final

from standby.core.dialects.arguments.mend import Quotes, mend
from standby.core.dialects.written.bodies import END_OF_TURN, json_calls, json_head
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written

__all__ = ["FORMAT"]

_MARKERS: Final = ("<|tool_call>", "<start_function_call>")
_OPENING: Final = r"(?:<\|tool_call>|<start_function_call>)"
_CALL: Final = re.compile(rf"\s*(?:{_OPENING})?\s*call:\s*([\w.:/-]{{1,128}})\s*(?=\{{)")
_BEGUN: Final = re.compile(rf"{_OPENING}\s*(?:c|ca|cal|call|call:\s*[\w.:/-]*\s*)?")
_TAGS: Final = re.compile(
    rf"{_OPENING}|<tool_call\|>|<end_function_call>|<\|tool_response>|<turn\|>|{END_OF_TURN}"
)
_CLOSING: Final = re.compile(
    rf"\s*(?:<tool_call\|>|<end_function_call>|<start_function_response>"
    rf"|<\|tool_response>|<turn\|>|{END_OF_TURN}|\}})"
)
_END: Final = re.compile(r"<tool_call\|>|<end_function_call>")
_QUOTES: Final = Quotes(
    {'<|"|>': '<|"|>', "<escape>": "<escape>", '"': '"', "'": "'"},
    raw=frozenset({'<|"|>', "<escape>"}),
)


def _head(text: str) -> Head:
    called = _CALL.match(text)
    if called is not None:
        return called[1]
    listed = json_head(text, text.index(">") + 1)  # some write JSON there after all
    if listed is not Doubt.NO:
        return listed
    fits = _BEGUN.fullmatch(text) is not None and len(text) < WINDOW
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    if _CALL.match(text) is None:
        return json_calls(text, 0, _TAGS)
    calls: list[Written] = []
    at = 0
    while text[at:].strip():
        called = _CALL.match(text, at)
        if called is None:
            return None
        call, at = _one(text, called)
        if call is None:
            return None
        calls.append(call)
        while (closing := _CLOSING.match(text, at)) is not None:
            at = closing.end()
    return tuple(calls) or None


def _one(text: str, called: re.Match[str]) -> tuple[Written | None, int]:
    """Return the call whose name was found, and where it ends."""
    given = mend(text, called.end(), _QUOTES)
    if given is not None and given.closed:
        return Written(called[1], given.value), given.end
    end = _END.search(text, called.end())
    if end is not None:
        inner = mend(text[: end.start()], called.end(), _QUOTES)
        return Written(called[1], None if inner is None else inner.value), end.start()
    if given is None:
        return None, len(text)
    return Written(called[1], given.value, closed=False), given.end


FORMAT: Final = Format("gemma", _MARKERS, _head, _read)
