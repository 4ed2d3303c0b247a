"""The words that make a client compact its conversation, and local servers' words for it."""

import re
from typing import Final

from standby.core.wire.errors import message_of
from standby.core.wire.json import NotJSONError, loads

__all__ = ["read_overflow", "too_long"]

# OpenAI and vLLM: "This model's maximum context length is 4096 tokens. However, your messages
# resulted in 5000 tokens", or "... you requested 5000 tokens (4000 in the messages, ...)".
_LIMIT_FIRST: Final = re.compile(
    r"maximum context length is (?P<limit>\d+) tokens.*?"
    r"(?:resulted in|requested|contains)(?: at least)? (?P<tokens>\d+)",
    re.DOTALL,
)
# LM Studio (unverified): "Trying to keep the first 5000 tokens when context the overflows.
# However, the model is loaded with context length of only 4096 tokens".
_TOKENS_FIRST: Final = re.compile(
    r"keep the first (?P<tokens>\d+) tokens.*?context length of only (?P<limit>\d+)", re.DOTALL
)


def too_long(prompt_tokens: int, maximum: int) -> str:
    """Return the API's own words, which Claude Code reads both numbers from, and then compacts."""
    return f"prompt is too long: {prompt_tokens} tokens > {maximum} maximum"


def read_overflow(error_body: bytes) -> tuple[int, int] | None:
    """Return the prompt's tokens and the window, when an error body says that they do not fit."""
    try:
        value = loads(error_body)
    except NotJSONError:
        return None
    match value:
        case {"error": {"n_prompt_tokens": int(tokens), "n_ctx": int(limit)}}:  # llama.cpp
            return tokens, limit
        case _:
            return _from_words(message_of(error_body))


def _from_words(message: str) -> tuple[int, int] | None:
    found = _LIMIT_FIRST.search(message) or _TOKENS_FIRST.search(message)
    if found is None:
        return None
    return int(found["tokens"]), int(found["limit"])
