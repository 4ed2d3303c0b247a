"""Mistral: ``[TOOL_CALLS]Name[ARGS]{…}``; before that, a list of JSON objects behind the token."""

import re
from typing import Final

from standby.core.dialects.arguments.mend import value_at
from standby.core.dialects.written.bodies import END_OF_TURN, json_calls, json_head
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written

__all__ = ["FORMAT"]

_MARKER: Final = "[TOOL_CALLS]"
_TAGS: Final = re.compile(r"\[/?TOOL_CALLS\]|" + END_OF_TURN)
_CALL: Final = re.compile(
    r"\s*\[TOOL_CALLS\]\s*([\w.:/-]{1,128})\s*(?:\[CALL_ID\]\s*\w*\s*)?(?:\[ARGS\]\s*)?(?=\{)"
)
_NAMING: Final = re.compile(
    r"\s*(?:[\w.:/-]+\s*(?:\[(?:C|CA|CAL|CALL|CALL_|CALL_I|CALL_ID)?|\[CALL_ID\]\s*\w*\s*)?"
    r"(?:\[(?:A|AR|ARG|ARGS)?|\[ARGS\]\s*)?)?"
)


def _head(text: str) -> Head:
    named = _CALL.match(text)
    if named is not None:
        return named[1]
    listed = json_head(text, len(_MARKER))
    if listed is not Doubt.NO:
        return listed
    fits = _NAMING.fullmatch(text, len(_MARKER)) is not None and len(text) < WINDOW
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    if _CALL.match(text) is None:
        return json_calls(text, 0, _TAGS)
    calls: list[Written] = []
    at = 0
    while text[at:].strip():
        named = _CALL.match(text, at)
        if named is None:
            return None
        call, at = _one(text, named[1], named.end())
        calls.append(call)
        ended = re.compile(rf"(?:[\s}}]|{END_OF_TURN})*").match(text, at)
        at = at if ended is None else ended.end()
    return tuple(calls) or None


def _one(text: str, name: str, at: int) -> tuple[Written, int]:
    """Return the call whose arguments begin here, and where it ends."""
    found = value_at(text, at)
    if found is not None and found.closed:
        return Written(name, found.value), found.end
    following = text.find(_MARKER, at)
    if following > 0:
        inner = value_at(text[:following], at)
        return Written(name, None if inner is None else inner.value), following
    if found is None:
        return Written(name, None), len(text)
    return Written(name, found.value, closed=False), found.end


FORMAT: Final = Format("mistral", (_MARKER,), _head, _read)
