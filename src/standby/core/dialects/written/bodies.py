"""What formats share: calls as JSON objects, between tags that only say where they are."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from standby.core.dialects.arguments.mend import Mended, value_at
from standby.core.dialects.written.format import WINDOW, Doubt, Head, Written
from standby.core.wire.json import JSON

__all__ = ["END_OF_TURN", "call_of", "exact_call_of", "json_calls", "json_head", "skip"]

END_OF_TURN: Final = r"<\|(?:im_end|endoftext|eot_id|eom_id|end_of_text|end|return|call)\|>|</s>"
"""Tokens that end a turn, and come as text when a server does not know them."""

_GIVEN: Final = ("arguments", "parameters", "args", "params", "input")
_NAMES: Final = ("name", "tool", "tool_name", "function", "function_name")
_BESIDE: Final = frozenset({"id", "type", "index", "call_id"})
_KEY: Final = re.compile(
    r"\s*(?:\[\s*)?\{\s*[\"'“]?(" + "|".join((*_NAMES, *_GIVEN, *_BESIDE)) + r")[\"'”]?\s*:\s*"
)
_BEFORE_KEY: Final = re.compile(r"\s*(?:\[\s*)?(?:\{\s*(?:[\"'“]?\w*[\"'”]?\s*)?)?")
_QUOTED: Final = re.compile(r"[\"'“]([^\"'“”]{0,128})[\"'”]")
_NAMED: Final = re.compile(r"[\"']?name[\"']?\s*:\s*[\"']([^\"']{1,128})[\"']")


def json_head(text: str, begin: int) -> Head:
    """Tell whether a call as a JSON object, or a list of them, begins at ``begin``."""
    key = _KEY.match(text, begin)
    if key is None:
        fits = _BEFORE_KEY.fullmatch(text, begin) is not None and len(text) < WINDOW
        return Doubt.MORE if fits else Doubt.NO
    if key.end() == len(text):
        return Doubt.MORE if len(text) < WINDOW else Doubt.NO
    if key[1] not in _NAMES or (key[1] == "function" and text[key.end()] == "{"):
        return ""
    if text[key.end()] not in "\"'“":
        return Doubt.NO
    name = _QUOTED.match(text, key.end())
    if name is None:
        return Doubt.MORE if len(text) < WINDOW else Doubt.NO
    return name[1]


def json_calls(
    text: str,
    begin: int,
    tags: re.Pattern[str],
    *,
    read: Callable[[JSON], Written | None] | None = None,
) -> tuple[Written, ...] | None:
    """Return the calls that follow one another, with nothing between them but tags."""
    calls: list[Written] = []
    at = skip(text, begin, tags)
    while at < len(text):
        if text[at] not in "{[":
            return None
        found = _object_at(text, at, tags)
        if found is None:
            unreadable = _unreadable(text, at, tags)
            return None if unreadable is None else (*calls, unreadable)
        made = _calls_in(found, read or call_of)
        if not made:
            return None
        calls += made
        at = skip(text, _behind_closers(text, found.end), tags)
    return tuple(calls) or None


def skip(text: str, at: int, tags: re.Pattern[str]) -> int:
    """Return where tags and white space end."""
    while True:
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1
        tag = tags.match(text, at)
        if tag is None or tag.end() == at:
            return at
        at = tag.end()


def call_of(value: JSON) -> Written | None:
    """Return the call that a value stands for, however it is laid out."""
    match value:
        case {"function": dict(inner)}:
            return call_of(inner)
        case {"tool_calls": [dict(only)]}:
            return call_of(only)
        case dict(members):
            return _call_of_members(members)
        case _:
            return None


def exact_call_of(value: JSON) -> Written | None:
    """Return the call of an object that has a name and arguments, and nothing else."""
    match value:
        case {"type": "function", "function": dict(inner), **rest} if not rest.keys() - {"id"}:
            return exact_call_of(inner)
        case {"name": str(name), "arguments": dict() | str() as given, **rest}:
            pass
        case {"name": str(name), "parameters": dict() as given, **rest}:
            pass
        case {"tool": str(name), "arguments": dict() as given, **rest}:  # as we ask it of some
            pass
        case _:
            return None
    plain = not rest or rest == {"type": "function"}
    return Written(name, given) if plain else None


def _call_of_members(members: dict[str, JSON]) -> Written | None:
    key = next((key for key in _NAMES if isinstance(members.get(key), str)), None)
    if key is None:
        return None
    name = members[key]
    given_as = next((each for each in _GIVEN if each in members), None)
    if given_as is not None:
        given = members[given_as]
    else:  # some put the arguments beside the name
        given = {k: v for k, v in members.items() if k != key and k not in _BESIDE}
    if not isinstance(name, str):
        return None
    return Written(name, {} if given is None else given)


def _calls_in(found: Mended, read: Callable[[JSON], Written | None]) -> list[Written]:
    """Return the calls of an object or a list; none when one of its items is no call."""
    values = found.value if isinstance(found.value, list) else [found.value]
    calls = [call for value in values if (call := read(value)) is not None]
    if len(calls) < len(values):
        return []
    if calls and not found.closed:
        calls[-1] = replace(calls[-1], closed=False)
    return calls


def _object_at(text: str, at: int, tags: re.Pattern[str]) -> Mended | None:
    """Return the object here: as far as it says itself, else as far as the next tag."""
    found = value_at(text, at)
    if found is not None and found.closed:
        return found
    tag = tags.search(text, at)
    if tag is None:
        return found
    inner = value_at(text[: tag.start()].rstrip("\n"), at)
    if inner is None or text[inner.end : tag.start()].strip(" \t\r\n,;}]"):
        return None
    return Mended(inner.value, tag.start(), closed=True)


def _behind_closers(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,;}]":
        at += 1
    return at


def _unreadable(text: str, at: int, tags: re.Pattern[str]) -> Written | None:
    """Return a call that cannot be read, if its end is there: it is one, and it is broken.

    An object that can be read, with words behind it, is none: somebody shows a call.
    """
    name = _NAMED.search(text, at, at + WINDOW)
    tag = tags.search(text, at)
    if name is None or tag is None or skip(text, tag.start(), tags) < len(text):
        return None
    return Written(name[1], None)
