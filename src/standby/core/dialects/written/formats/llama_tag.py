"""Llama 3.1 and later with a token: JSON or Python behind ``<|python_tag|>``, or a function's tag.

``<|python_tag|>{"name": …, "parameters": …}``, ``<|python_tag|>Read.call(file_path="/x")`` and
``<function=Read>{…}</function>``.
"""

import re
from typing import Final

from standby.core.dialects.arguments.mend import mend
from standby.core.dialects.written.bodies import (
    END_OF_TURN,
    json_calls,
    json_head,
    skip,
)
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Head, Written

__all__ = ["FORMAT"]

_MARK: Final = "<|python_tag|>"
_TAGS: Final = re.compile(r"<\|python_tag\|>|</function>|" + END_OF_TURN)
_TURN_ENDED: Final = re.compile(END_OF_TURN)
_FUNCTION: Final = re.compile(r"<function=\s*([\w.:/-]{1,128})\s*>\s*(?=\S)")
_FUNCTION_BEGUN: Final = re.compile(r"<function=\s*[\w.:/-]*\s*>?\s*")
_PYTHON: Final = re.compile(r"\s*([\w.:/-]{1,128}?)(?:\.call)?\(")
_PYTHON_BEGUN: Final = re.compile(r"\s*[\w.:/-]*")


def _head(text: str) -> Head:
    if not text.startswith(_MARK):
        named = _FUNCTION.match(text)
        if named is not None:
            return named[1] if text[named.end()] == "{" else Doubt.NO
        fits = _FUNCTION_BEGUN.fullmatch(text) is not None and len(text) < WINDOW
        return Doubt.MORE if fits else Doubt.NO
    called = _PYTHON.match(text, len(_MARK))
    if called is not None:
        return called[1]
    listed = json_head(text, len(_MARK))
    if listed is not Doubt.NO:
        return listed
    fits = _PYTHON_BEGUN.fullmatch(text, len(_MARK)) is not None and len(text) < WINDOW
    return Doubt.MORE if fits else Doubt.NO


def _read(text: str) -> tuple[Written, ...] | None:
    if not text.startswith(_MARK):
        return _functions(text)
    called = _PYTHON.match(text, len(_MARK))
    if called is None:
        return json_calls(text, 0, _TAGS)
    inner = _TURN_ENDED.split(text[called.end() :], maxsplit=1)[0].rstrip()
    if not inner.endswith(")"):
        return None
    given = mend("{" + inner.removesuffix(")") + "}")
    if given is None or given.end < len(inner) + 1:
        return None
    return (Written(called[1], given.value),)


def _functions(text: str) -> tuple[Written, ...] | None:
    calls: list[Written] = []
    at = 0
    while (named := _FUNCTION.match(text, at)) is not None:
        end = text.find("</function>", named.end())
        stop = len(text) if end < 0 else end
        given = mend(text[:stop], named.end())
        if given is None or text[given.end : stop].strip(" \t\r\n}"):
            return None
        calls.append(Written(named[1], given.value, closed=given.closed or end >= 0))
        at = skip(text, stop, _TAGS)
    return tuple(calls) if calls and at >= len(text) else None


FORMAT: Final = Format("llama_tag", (_MARK, "<function="), _head, _read)
