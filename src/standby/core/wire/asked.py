"""What the body of a Messages request asks for, read only as far as the gateway must know it.

Unknown fields are carried, never an error; a field of the wrong type is as good as absent here and
is the business of whoever answers.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["Asked", "Malformed", "Purpose", "read"]


class Purpose(enum.Enum):
    """What a request is for, where that decides who may answer it."""

    WORK = "work"
    QUOTA_PROBE = "quota probe"
    """Claude Code's look at the quota headers: ``max_tokens: 1``, content ``quota``."""
    MODEL_PROBE = "model probe"
    """Claude Code's check of a typed ``/model NAME``: ``max_tokens: 1``, text ``Hi``, no tools."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request body that is a JSON object, and what was read from it."""

    value: Mapping[str, JSON]
    model: str
    stream: bool
    max_tokens: int | None
    thinks: bool
    """The client asked for thinking, and so knows what to do with a thinking block."""
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Malformed:
    """A body that no Messages endpoint can take, and why, in words that name the field."""

    why: str


def read(body: bytes) -> Asked | Malformed:
    """Return what a body asks for."""
    try:
        value = loads(body)
    except NotJSONError as error:
        return Malformed(f"the request body is not JSON: {error}")
    if not isinstance(value, dict):
        return Malformed("the request body must be a JSON object")
    model = value.get("model")
    if not isinstance(model, str) or not model:
        return Malformed("model: a string that names a model is required")
    messages = value.get("messages")
    if not isinstance(messages, list):
        return Malformed("messages: a list is required")
    max_tokens = value.get("max_tokens")
    return Asked(
        value=value,
        model=model,
        stream=value.get("stream") is True,
        max_tokens=max_tokens if isinstance(max_tokens, int) else None,
        thinks=_thinks(value.get("thinking")),
        purpose=_purpose(value, messages),
    )


def _thinks(thinking: JSON) -> bool:
    match thinking:
        case {"type": "enabled" | "adaptive"}:
            return True
        case _:
            return False


def _purpose(value: Mapping[str, JSON], messages: Sequence[JSON]) -> Purpose:
    if value.get("max_tokens") != 1 or value.get("tools") or len(messages) != 1:
        return Purpose.WORK
    match _only_text(messages[0]):
        case "quota" if not value.get("system"):
            return Purpose.QUOTA_PROBE
        case "Hi":
            return Purpose.MODEL_PROBE
        case _:
            return Purpose.WORK


def _only_text(message: JSON) -> str | None:
    match message:
        case {"role": "user", "content": str(text)}:
            return text
        case {"role": "user", "content": [{"type": "text", "text": str(text)}]}:
            return text
        case _:
            return None
