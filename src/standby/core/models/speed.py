"""How fast a model reads a prompt and writes an answer on this machine, as far as was seen.

Each token costs more the more come before it (measured: 400 tokens a second at 3,600, 60 over all
of 16,000). So the cost of a token is taken for a line over its place, fitted to what was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

__all__ = ["LEAST", "Progress", "Speed", "Timings", "left_s"]

LEAST: Final = 64
"""Fewer tokens than these say nothing: the first of a prompt take longer than their share."""
_KEPT: Final = 16
_NEWEST: Final = 0.3
"""How much the newest answer counts for the speed of writing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a server has read a prompt."""

    processed: int
    """Tokens it is through with, those included that it had in memory."""
    total: int
    cached: int = 0
    """Tokens that it had in memory."""
    seconds: float = 0.0
    """How long it has been reading."""


@dataclass(frozen=True, slots=True)
class Timings:
    """What one answer took."""

    cached: int
    read: int
    """Tokens of the prompt that had to be read."""
    read_s: float
    written: int = 0
    written_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Tokens that were read in a row, and the seconds it took."""

    start: int
    end: int
    seconds: float

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2

    @property
    def cost(self) -> float:
        return self.seconds / self.length


@dataclass(frozen=True, slots=True)
class Speed:
    """What was seen of one model."""

    stretches: tuple[_Stretch, ...] = ()
    """Oldest first."""
    tokens_a_second: float | None = None
    """Of writing."""

    def read(self, start: int, end: int, seconds: float) -> Self:
        """Return the speed once the tokens from one place of a prompt to another were read."""
        if end - start < LEAST or seconds <= 0:
            return self
        stretches = (*self.stretches, _Stretch(start, end, seconds))
        return replace(self, stretches=stretches[-_KEPT:])

    def took(self, timings: Timings) -> Self:
        """Return the speed once an answer is over."""
        read = self.read(timings.cached, timings.cached + timings.read, timings.read_s)
        if timings.written < LEAST or timings.written_s <= 0:
            return read
        rate = timings.written / timings.written_s
        if self.tokens_a_second is not None:
            rate = _NEWEST * rate + (1 - _NEWEST) * self.tokens_a_second
        return replace(read, tokens_a_second=rate)

    def expected_s(self, start: int, end: int) -> float | None:
        """Return how long it takes to read from one place to another; ``None``: nobody knows."""
        if not self.stretches:
            return None
        base, slope = _line(self.stretches)
        return max(base * (end - start) + slope * (end * end - start * start) / 2, 0.0)


def left_s(seen: Sequence[Progress]) -> float | None:
    """Return how long the rest of a prompt takes, by what was seen of it; oldest first."""
    if not seen:
        return None
    first, middle, last = seen[0], seen[len(seen) // 2], seen[-1]
    speed = Speed().read(first.cached, middle.processed, middle.seconds)
    rest = last.seconds - middle.seconds
    return speed.read(middle.processed, last.processed, rest).expected_s(last.processed, last.total)


def _line(stretches: Sequence[_Stretch]) -> tuple[float, float]:
    """Return the cost of the first token, and by how much that of each next one is higher."""
    weight = sum(each.length for each in stretches)
    middle = sum(each.length * each.middle for each in stretches) / weight
    cost = sum(each.seconds for each in stretches) / weight
    spread = sum(each.length * (each.middle - middle) ** 2 for each in stretches)
    if spread <= 0:
        return cost, 0.0
    together = sum(each.length * (each.middle - middle) * (each.cost - cost) for each in stretches)
    slope = max(together / spread, 0.0)
    base = cost - slope * middle
    # No token is for nothing: then the line goes through the origin.
    return (base, slope) if base > 0 else (0.0, cost / middle)
