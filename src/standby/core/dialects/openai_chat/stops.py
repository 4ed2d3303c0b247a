"""Why an answer stops, and the sequences that make it."""

from collections.abc import Mapping
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["reason", "sequences", "was_cut"]

_REASONS: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "eos_token": "end_turn",  # Hugging Face
    "length": "max_tokens",
    "content_filter": "refusal",
}
"""``tool_calls`` and ``function_call`` are not here: only a call that was made is a reason."""


def was_cut(finish: str) -> bool:
    """Tell whether the answer ended because it had no more room."""
    return _REASONS.get(finish) == "max_tokens"


def reason(finish: str) -> str:
    """Return the stop reason of an answer without tool calls. Unknown ones are plain ends."""
    return _REASONS.get(finish, "end_turn")


def sequences(value: JSON) -> tuple[str, ...]:
    """Return the stop sequences of a request."""
    match value:
        case list(items):
            return tuple(item for item in items if isinstance(item, str) and item)
        case _:
            return ()
