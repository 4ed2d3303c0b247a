"""What a request costs: tokens by a rough measure, and a prompt cache like the real one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from standby.core.usage import Tokens
from standby.core.wire.json import JSON, dumps
from standby.testing.signatures import Chain, canonical

__all__ = ["Meter", "prompt_tokens"]

_BYTES_PER_TOKEN: Final = 4
_UNCACHED: Final = 3
"""Tokens behind the last cache mark."""


def prompt_tokens(value: Mapping[str, JSON]) -> int:
    """Return how many tokens a prompt has."""
    return _frame_tokens(value) + sum(map(_tokens, _messages(value)))


@dataclass(slots=True)
class Meter:
    """Remembers which beginnings of conversations are cached."""

    _cached: set[bytes] = field(default_factory=set[bytes])

    def prompt(self, value: Mapping[str, JSON], chain: Chain, *, caches: bool) -> Tokens:
        """Return the input tokens of a request. ``caches``: it has cache marks."""
        messages = _messages(value)
        total = prompt_tokens(value)
        if not caches:
            return Tokens(input=total)
        frame = _frame(value)
        ends = [frame, *(self._end(frame, chain, messages[: n + 1]) for n in range(len(messages)))]
        known = max((n for n, end in enumerate(ends) if end in self._cached), default=-1)
        self._cached.update(ends)
        read = _frame_tokens(value) + sum(map(_tokens, messages[:known])) if known >= 0 else 0
        write = max(0, total - read - _UNCACHED)
        return Tokens(input=total - read - write, cache_read=read, cache_write=write)

    def _end(self, frame: bytes, chain: Chain, messages: Sequence[JSON]) -> bytes:
        return sha256(frame + chain.digest(messages)).digest()


def _messages(value: Mapping[str, JSON]) -> list[JSON]:
    messages = value.get("messages")
    return messages if isinstance(messages, list) else []


def _frame(value: Mapping[str, JSON]) -> bytes:
    return sha256(dumps([value.get("tools"), value.get("system")])).digest()


def _frame_tokens(value: Mapping[str, JSON]) -> int:
    return len(dumps([value.get("tools"), value.get("system")])) // _BYTES_PER_TOKEN


def _tokens(message: JSON) -> int:
    return len(dumps(canonical(message))) // _BYTES_PER_TOKEN
