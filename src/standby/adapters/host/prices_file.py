"""The list prices as they were shipped."""

from pathlib import Path
from typing import Final

from standby.core.usage.prices import Prices, read_prices
from standby.core.wire.json import loads

__all__ = ["PRICES_FILE", "shipped_prices"]

PRICES_FILE: Final = Path(__file__).with_name("prices.json")


def shipped_prices() -> Prices:
    """Return the prices that came with this version."""
    return read_prices(loads(PRICES_FILE.read_bytes()))
