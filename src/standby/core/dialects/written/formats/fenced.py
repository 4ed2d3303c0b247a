"""A fence with the JSON of a call at the end of the answer: what models without a format write."""

import re
from typing import Final

from standby.core.dialects.written.bodies import END_OF_TURN, exact_call_of, json_calls, json_head
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Place, Written

__all__ = ["FORMAT"]

_FENCE: Final = re.compile(r"```(?:json|JSON|tool_call)?[ \t]*\r?\n\s*(?=\S)")
_BEGUN: Final = re.compile(r"```(?:json|JSON|tool_call)?\s*")
_TAGS: Final = re.compile(r"```(?:json|JSON|tool_call)?(?=\s|$)|" + END_OF_TURN)


def _head(text: str) -> Head:
    fence = _FENCE.match(text)
    if fence is not None:
        return json_head(text, fence.end())
    fits = (
        _BEGUN.fullmatch(text) is not None or re.fullmatch(r"```(?:j|js|jso|t|to\w{0,6})", text)
    ) and len(text) < WINDOW
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    return json_calls(text, 0, _TAGS, read=exact_call_of)


FORMAT: Final = Format("fenced", ("```",), _head, _read, Place.BLOCK, sure=False)
