"""Hermes: JSON between ``<tool_call>`` tags. Qwen2.5 and 3, Granite 4, and many tuned models."""

import re
from typing import Final

from standby.core.dialects.written.bodies import END_OF_TURN, json_calls, json_head
from standby.core.dialects.written.format import Doubt, Format, Head, Written

__all__ = ["FORMAT"]

_MARKERS: Final = ("<tool_call>", "<tool_calls>", "<function_call>")
_TAGS: Final = re.compile(r"</?(?:tool_calls?|function_call)>|" + END_OF_TURN)


def _head(text: str) -> Head:
    tag = _TAGS.match(text)
    return Doubt.NO if tag is None else json_head(text, tag.end())


def _read(text: str) -> tuple[Written, ...] | None:
    return json_calls(text, 0, _TAGS)


FORMAT: Final = Format("hermes", _MARKERS, _head, _read)
