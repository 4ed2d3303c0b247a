"""Tools for models that know none: described in words, called in JSON, held to it by a schema.

Where a server does not hold the model to it, what comes is words, and is heard as such.
Measured: a model whose chat template has no tools ignores them without a word, also when a call is
required; a ``response_format`` with a JSON schema holds every model to the form.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.dialects.openai_chat.chunks import lenient
from standby.core.dialects.openai_chat.schemas import self_contained
from standby.core.dialects.openai_chat.text import PARAGRAPH, as_json
from standby.core.dialects.openai_chat.tools import Tool
from standby.core.dialects.written.ear import Ear, Heard
from standby.core.dialects.written.said import Said, Voiced
from standby.core.wire.json import JSON, NotJSONError

__all__ = ["Call", "Listener", "call", "describe", "form", "result"]

_MAY: Final = (
    "Answer with one JSON object.\n"
    'To use a tool: {"tool": its name, "arguments": {...}}; its result comes in the next message.\n'
    'To answer: {"answer": your words}.'
)
_MUST: Final = 'Use a tool now, with one JSON object: {"tool": its name, "arguments": {...}}.'

_OPENING: Final = re.compile(r'\s*\{\s*"answer"\s*:\s*"')
_KEYS: Final = ("tool", "arguments", "answer")
_KEY: Final = re.compile(r'\s*\{\s*"([^"\\]*)"\s*:\s*\S')
_BEFORE_KEY: Final = re.compile(r'\s*(?:\{\s*(?:"([^"\\]*)(?:"\s*(?::\s*)?)?)?)?\Z')
_OPENING_CHARACTERS: Final = 200
"""What has not begun by then is held like a call: servers put a little white space there."""

# As much of a JSON string as can be read for sure: no half escape, no half surrogate pair.
_SURE: Final = re.compile(
    r'(?:[^"\\]'
    r"|\\[^u]"
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?=[^\\]|\\[^u]|\\u[^dD]))"
    r")*"
)
_LONGEST_ESCAPE: Final = 12
"""A surrogate pair. What is longer and cannot be read is no JSON, and is said as it is."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that was made in JSON."""

    name: str
    arguments: dict[str, JSON]


def describe(tools: Sequence[Tool], *, must_call: bool) -> str:
    """Return the part of the system prompt that tells which tools there are."""
    listed = (
        f"Tool {tool.name}: {tool.description}\n"
        f"Arguments, as a JSON schema: {as_json(self_contained(tool.schema))}"
        for tool in tools
    )
    return PARAGRAPH.join([_MUST if must_call else _MAY, *listed])


def form(tools: Sequence[Tool], *, must_call: bool, answer: JSON = None) -> dict[str, JSON]:
    """Return the schema of what the model may say. ``answer``: the schema of its answer, if any."""
    variants: list[JSON] = [
        _object({"tool": {"const": tool.name}, "arguments": self_contained(tool.schema)})
        for tool in tools
    ]
    if not must_call:
        said: JSON = {"type": "string"} if answer is None else self_contained(answer)
        variants.append(_object({"answer": said}))
    return {"anyOf": variants}


def call(name: str, given: str) -> str:
    """Return an earlier call in the form in which the model makes one."""
    return f'{{"tool": {as_json(name)}, "arguments": {given}}}'


def result(name: str, text: str) -> str:
    """Return the result of an earlier call."""
    return f"Result of {name}:\n{text}"


class _Hears(enum.Enum):
    NOTHING_YET = "nothing yet"
    AN_ANSWER = "an answer"
    AN_OBJECT = "an object"
    """A call, as far as anybody knows."""
    WORDS = "words"
    """Not the form that was asked for: not every server holds a model to it."""
    THE_REST = "the rest"


@dataclass(slots=True)
class Listener:
    """Reads what the model says: an answer as it comes, a call when it is whole.

    Words that are not in the form go to the ``ear``, which lets them go as they come and holds back
    what may begin a call of any other form.
    """

    ear: Ear
    _hears: _Hears = _Hears.NOTHING_YET
    _heard: list[str] = field(default_factory=list[str])
    """Everything while it is not clear what it is; then the end that cannot be read yet."""

    def hear(self, text: str) -> list[Voiced]:
        """Take in text; return what can be said now."""
        match self._hears:
            case _Hears.NOTHING_YET:
                self._heard.append(text)
                return self._begin()
            case _Hears.AN_ANSWER:
                self._heard.append(text)
                return self._go_on()
            case _Hears.WORDS:
                return self.ear.hear(text)
            case _Hears.AN_OBJECT:
                self._heard.append(text)
                return []
            case _Hears.THE_REST:
                return []

    def end(self, *, cut: bool) -> Call | Heard:
        """Return the call, or what is left to say. Half a call is nothing at all."""
        said = "".join(self._heard)
        match self._hears:
            case _Hears.THE_REST:
                return Heard()
            case _Hears.WORDS:
                return self.ear.end(cut=cut)
            case _Hears.AN_ANSWER:
                return _left(said if len(said) > _LONGEST_ESCAPE else "")
            case _Hears.NOTHING_YET | _Hears.AN_OBJECT:
                whole = _whole(said, cut=cut)
                return whole if isinstance(whole, Call) else _left(whole)

    def _begin(self) -> list[Voiced]:
        said = "".join(self._heard)
        self._hears = _begun(said[:_OPENING_CHARACTERS])
        match self._hears:
            case _Hears.AN_ANSWER:
                opening = _OPENING.match(said)
                self._heard = [said[0 if opening is None else opening.end() :]]
                return self._go_on()
            case _Hears.WORDS:
                self._heard = []
                return self.ear.hear(said)
            case _:
                return []

    def _go_on(self) -> list[Voiced]:
        said = "".join(self._heard)
        sure = _SURE.match(said)
        end = 0 if sure is None else sure.end()
        self._heard = [said[end:]]
        if said[end : end + 1] == '"':
            self._hears = _Hears.THE_REST
        return [Said(words)] if (words := _unescaped(said[:end])) else []


def _begun(said: str) -> _Hears:
    """Return what begins like this. What is said of a text, if anything, holds for longer ones."""
    opening = _OPENING.match(said)
    if opening is not None:
        return _Hears.AN_ANSWER
    key = _KEY.match(said)
    if key is not None:
        return _Hears.AN_OBJECT if key[1] in _KEYS else _Hears.WORDS
    begun = _BEFORE_KEY.match(said)
    if begun is None or not any(key.startswith(begun[1] or "") for key in _KEYS):
        return _Hears.WORDS
    return _Hears.AN_OBJECT if len(said) >= _OPENING_CHARACTERS else _Hears.NOTHING_YET


def _left(words: str) -> Heard:
    return Heard((Said(words),) if words else ())


def _whole(said: str, *, cut: bool) -> Call | str:
    try:
        value = lenient(said)
    except NotJSONError:
        return "" if cut and said.lstrip().startswith("{") else said
    match value:
        case {"tool": str(name), "arguments": dict(given)}:
            return Call(name, given)
        case {"answer": str(text)}:
            return text
        case {"answer": answer}:
            return as_json(answer)
        case _:
            return said


def _object(properties: dict[str, JSON]) -> JSON:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _unescaped(text: str) -> str:
    """Return what the inside of a JSON string stands for; as it is when it breaks the rules."""
    try:
        value = lenient(f'"{text}"')
    except NotJSONError:
        return text
    return value if isinstance(value, str) else text
