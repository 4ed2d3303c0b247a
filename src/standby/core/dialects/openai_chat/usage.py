"""Tokens: how chat completions count them, and how the Messages API does."""

from standby.core.dialects.openai_chat.pick import pick
from standby.core.usage import Tokens
from standby.core.wire.json import JSON

__all__ = ["read", "write"]


def read(usage: JSON) -> Tokens | None:
    """Return the tokens of a ``usage``; ``None`` when it has no numbers.

    OpenAI counts cached tokens among those of the prompt, Anthropic beside them.
    """
    match usage:
        case {"prompt_tokens": int(prompt)}:
            cached = min(_cached(pick(usage, "prompt_tokens_details")), max(prompt, 0))
            output = pick(usage, "completion_tokens")
            return Tokens(
                input=max(prompt, 0) - cached,
                output=max(output, 0) if isinstance(output, int) else 0,
                cache_read=cached,
            )
        case _:
            return None


def write(tokens: Tokens) -> dict[str, JSON]:
    """Return the ``usage`` of a message."""
    return {
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "output_tokens": tokens.output,
    }


def _cached(details: JSON) -> int:
    match details:
        case {"cached_tokens": int(cached)}:
            return max(cached, 0)
        case _:
            return 0
