"""How many tokens a request comes to, when nobody who has the tokenizer has been asked."""

from collections.abc import Mapping
from typing import Final

from standby.core.wire.json import JSON, dumps

__all__ = ["estimate_tokens"]

# Measured on code, prose and tool schemas with the tokenizers of Qwen, tiktoken and Claude up to
# 4.6: 2.8 to 4.7 bytes a token. Three is near the upper end of the count, which is the safe one.
_BYTES_PER_TOKEN: Final = 3


def estimate_tokens(body: bytes | Mapping[str, JSON]) -> int:
    """Return about how many tokens a body has: rather too many than too few."""
    size = len(body) if isinstance(body, bytes) else len(dumps(dict(body)))
    return -(-size // _BYTES_PER_TOKEN)
