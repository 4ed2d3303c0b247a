"""How many requests may be sent once more: a share of all, so that no storm comes of a failure.

One request that is asked again is a courtesy. A hundred at once are a second blow for whoever is
down, and wait for nothing: each of them could have been answered by somebody else meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

__all__ = ["LEAST", "SHARE", "WINDOW_S", "Budget"]

WINDOW_S: Final = 10
LEAST: Final = 3
"""So many are always allowed: one person's requests are few."""
SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Second:
    at: int
    asked: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What was asked, and asked again, in each of the last seconds; oldest first."""

    seconds: tuple[_Second, ...] = ()

    def asked(self, now: float) -> Self:
        """Return the budget after a request. ``now`` is in seconds, of a clock that never jumps."""
        newest = self._newest(now)
        return self._with(_Second(newest.at, newest.asked + 1, newest.again))

    def again(self, now: float) -> Self | None:
        """Return the budget after one more try; ``None``: there is none left for it."""
        recent = tuple(self._recent(int(now)))
        tries = sum(second.again for second in recent)
        if tries + 1 > max(LEAST, SHARE * sum(second.asked for second in recent)):
            return None
        newest = self._newest(now)
        return self._with(_Second(newest.at, newest.asked, newest.again + 1))

    def _newest(self, now: float) -> _Second:
        match self.seconds:
            case (*_, last) if last.at >= int(now):
                return last
            case _:
                return _Second(int(now))

    def _with(self, newest: _Second) -> Self:
        before = (second for second in self._recent(newest.at) if second.at < newest.at)
        return type(self)((*before, newest))

    def _recent(self, at: int) -> Iterator[_Second]:
        return (second for second in self.seconds if second.at > at - WINDOW_S)
