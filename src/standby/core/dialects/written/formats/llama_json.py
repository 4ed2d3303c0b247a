"""Llama 3 and others: an object with a name and parameters, and nothing else in the answer."""

import re
from typing import Final

from standby.core.dialects.written.bodies import END_OF_TURN, exact_call_of, json_calls, json_head
from standby.core.dialects.written.format import Format, Head, Place, Written

__all__ = ["FORMAT"]

_TAGS: Final = re.compile(END_OF_TURN)


def _head(text: str) -> Head:
    return json_head(text, 0)


def _read(text: str) -> tuple[Written, ...] | None:
    return json_calls(text, 0, _TAGS, read=exact_call_of)


FORMAT: Final = Format("llama_json", ("{", "[{"), _head, _read, Place.WHOLE, sure=False)
