"""Names of which only the first are known yet."""

from collections.abc import Callable, Iterator
from functools import cached_property

__all__ = ["Late"]


class Late:
    """The first names, and behind them others that are found out once somebody wants them."""

    def __init__(self, first: tuple[str, ...], others: Callable[[], tuple[str, ...]]) -> None:
        self._first = first
        self._find = others

    @cached_property
    def _others(self) -> tuple[str, ...]:
        return tuple(name for name in self._find() if name not in self._first)

    def __contains__(self, name: object) -> bool:
        return name in self._first or name in self._others

    def __iter__(self) -> Iterator[str]:
        yield from self._first
        yield from self._others

    def __len__(self) -> int:
        return len(self._first) + len(self._others)
