"""Tokens, and what one request came to."""

from collections.abc import Mapping
from dataclasses import dataclass

from standby.core.wire.json import JSON

__all__ = ["Entry", "Tokens", "tokens_of"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens as the API's ``usage`` counts them."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )


def tokens_of(usage: Mapping[str, JSON]) -> Tokens:
    """Return what a ``usage`` object counts; a field that is absent or odd counts nothing."""

    def count(name: str) -> int:
        value = usage.get(name)
        return value if type(value) is int and value > 0 else 0  # `True` is an `int`, too

    return Tokens(
        count("input_tokens"),
        count("output_tokens"),
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, as the ledger keeps it: no prompt, no answer, no credential."""

    id: str
    """Unique; the same id twice is one entry."""
    at: float
    """Seconds since the epoch, when the request arrived."""
    session: str
    account: str
    requested: str
    """The model that the request named."""
    answered: str
    """The model that answered; empty when nobody did."""
    by: str
    """``cloud``, ``local``, ``both`` (one message of two), ``gateway`` or ``nobody``."""
    why: str
    """The reason for that choice, in words."""
    outcome: str
    """``ok``, ``refused``, ``broken``, ``cancelled`` or ``client_error``."""
    status: int
    tokens: Tokens
    first_token_s: float | None
    """Seconds from the request to the first byte of content; ``None`` when there was none."""
    duration_s: float
    notes: tuple[str, ...] = ()
    """What of the request the model that answered did not get, in words."""
    project: str = ""
    """The folder that the request is about, as the client's launcher said; empty when it did not.
    Shown to the owner only."""
    saved: bool = False
    """Answered here although the cloud had refused or failed."""
