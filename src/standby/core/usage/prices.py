"""What tokens cost at list prices. The table is data with a date; what it lacks is unpriced.

Prices are those of the API for each token, cache writes those of five minutes. What a subscription
costs, or a discount, is not known here: the figure says what the same tokens would have cost.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.usage.entries import Tokens
from standby.core.wire.json import JSON

__all__ = ["Price", "Prices", "PricesError", "prices_json", "read_prices"]

_PER_TOKENS: Final = 1_000_000
# A dated release, and Claude Code's name for the long window, are the same model at the same price.
_SUFFIX: Final = re.compile(r"(-20[0-9]{6})?(\[1m\])?$")


class PricesError(ValueError):
    """A table that cannot be used; the message says which line."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens of one model cost, in US dollars."""

    model: str
    input: float
    output: float
    cache_write: float
    cache_read: float
    since: str
    """From what day on, as ``2026-09-22``; empty when the source does not say."""
    source: str
    note: str = ""

    def of(self, tokens: Tokens) -> float:
        """Return what these tokens cost, in US dollars."""
        return (
            tokens.input * self.input
            + tokens.output * self.output
            + tokens.cache_write * self.cache_write
            + tokens.cache_read * self.cache_read
        ) / _PER_TOKENS


@dataclass(frozen=True, slots=True)
class Prices:
    """The table."""

    dated: str
    """When it was last held against its sources, as ``2026-11-28``."""
    by_model: Mapping[str, Price]

    def cost(self, model: str, tokens: Tokens) -> float | None:
        """Return what tokens of a model cost, in US dollars; ``None``: it is not in the table."""
        price = self.by_model.get(_SUFFIX.sub("", model.lower()))
        return None if price is None else price.of(tokens)


def read_prices(said: JSON) -> Prices:
    """Return the table of a JSON value. Raise :class:`PricesError`."""
    match said:
        case {"dated": str(dated), "currency": "USD", "per_tokens": 1_000_000, "prices": [*lines]}:
            prices = [_price(line) for line in lines]
            return Prices(dated, {price.model: price for price in prices})
        case _:
            raise PricesError("not a table of prices")


def prices_json(prices: Prices) -> dict[str, JSON]:
    """Return the table as JSON."""
    return {
        "dated": prices.dated,
        "currency": "USD",
        "per_tokens": _PER_TOKENS,
        "prices": [
            {
                "model": one.model,
                "input": one.input,
                "output": one.output,
                "cache_write": one.cache_write,
                "cache_read": one.cache_read,
                "since": one.since,
                "source": one.source,
                "note": one.note,
            }
            for one in prices.by_model.values()
        ],
    }


def _price(line: JSON) -> Price:
    match line:
        case {
            "model": str(model),
            "input": float(taken),
            "output": float(given),
            "cache_write": float(write),
            "cache_read": float(read),
            "since": str(since),
            "source": str(source),
            **rest,
        } if min(taken, given, write, read) >= 0:
            note = rest.get("note", "")
            words = note if isinstance(note, str) else ""
            return Price(model, taken, given, write, read, since, source, words)
        case _:
            raise PricesError(f"not a price: {line!r}")
