"""What the body of a Messages request asks for, read only as far as the gateway must know it.

Unknown fields are carried, never an error; a field of the wrong type is as good as absent here and
is the business of whoever answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from standby.core.request import Headers
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.core.wire.purpose import Purpose, purpose_of

__all__ = ["Asked", "Malformed", "Purpose", "read"]


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


def read(body: bytes, headers: Headers = ()) -> Asked | Malformed:
    """Return what a body asks for; ``headers`` are those that it came with."""
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
        purpose=purpose_of(value, headers),
    )


def _thinks(thinking: JSON) -> bool:
    match thinking:
        case {"type": "enabled" | "adaptive"}:
            return True
        case _:
            return False
