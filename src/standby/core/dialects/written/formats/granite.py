"""Granite 3: a list of JSON objects behind a token. Later ones write as Hermes does."""

import re
from typing import Final

from standby.core.dialects.written.bodies import END_OF_TURN, json_calls, json_head
from standby.core.dialects.written.format import Format, Head, Written

__all__ = ["FORMAT"]

_MARKER: Final = "<|tool_call|>"
_TAGS: Final = re.compile(r"<\|/?tool_call\|>|" + END_OF_TURN)


def _head(text: str) -> Head:
    return json_head(text, len(_MARKER))


def _read(text: str) -> tuple[Written, ...] | None:
    return json_calls(text, 0, _TAGS)


FORMAT: Final = Format("granite", (_MARKER,), _head, _read)
