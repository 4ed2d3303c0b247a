"""gpt-oss, where the tokens around a call were lost or the answer begins in the middle.

``commentary to=functions.Read json{…}``. Whole harmony is read by ``written/harmony.py``.
"""

import re
from typing import Final

from standby.core.dialects.arguments.mend import value_at
from standby.core.dialects.written.bodies import END_OF_TURN, skip
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written

__all__ = ["FORMAT"]

_MARKERS: Final = (
    "commentary to=functions.",
    "assistantcommentary to=functions.",
    "assistant<|channel|>commentary to=functions.",
    "<|start|>assistant",
    "<|channel|>commentary to=functions.",
    "to=functions.",
)
_CALL: Final = re.compile(
    r"\s*(?:<\|start\|>)?(?:assistant)?\s*(?:<\|channel\|>)?\s*(?:commentary|analysis)?\s*"
    r"to=functions\.([\w.:/-]{1,128}?)\s*(?:<\|channel\|>\s*(?:commentary|analysis))?\s*"
    r"(?:<\|constrain\|>)?\s*(?:json|code)?\s*(?:<\|message\|>)?\s*(?=\{)"
)
_TAGS: Final = re.compile(END_OF_TURN)


def _head(text: str) -> Head:
    called = _CALL.match(text)
    if called is not None:
        return called[1]
    fits = len(text) < WINDOW and not re.search(r"[.!?]\s|\n\n", text)
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    calls: list[Written] = []
    at = 0
    while (called := _CALL.match(text, at)) is not None:
        given = value_at(text, called.end())
        if given is None or not isinstance(given.value, dict):
            return None
        calls.append(Written(called[1], given.value, given.closed))
        at = skip(text, given.end, _TAGS)
    return tuple(calls) if calls and at >= len(text) else None


FORMAT: Final = Format("harmony", _MARKERS, _head, _read)
