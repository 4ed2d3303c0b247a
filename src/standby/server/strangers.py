"""How often unknown credentials may be tried, and what their requests may hold of memory.

A gateway must not help to try stolen keys, and nobody whom neither it nor the cloud knows may fill
the machine with what is only said.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["MOST", "MOST_BYTES", "WITHIN_S", "Bodies", "CrowdedError", "Strangers"]

MOST: Final = 30
"""For the whole gateway: whoever tries stolen keys has many of them."""
WITHIN_S: Final = 60.0
MOST_BYTES: Final = 128 * 1024 * 1024
"""What the bodies of all their requests may come to at once: two of the longest."""


class CrowdedError(Exception):
    """The bodies of strangers come to more than :data:`MOST_BYTES`."""


class Strangers:
    """Counts the requests that came with a credential unknown to us and, so far, to the cloud.

    ``ticks`` returns the seconds of a clock that never jumps.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._let_in: deque[float] = deque(maxlen=MOST)

    def wait_s(self) -> int:
        """Count one more and return 0; or return the seconds until one more may come."""
        now = self._ticks()
        if len(self._let_in) == MOST and (left_s := self._let_in[0] + WITHIN_S - now) > 0:
            return math.ceil(left_s)
        self._let_in.append(now)
        return 0


class Bodies:
    """Counts what the bodies of strangers come to while they are served."""

    def __init__(self) -> None:
        self._held = 0

    @contextmanager
    def one(self) -> Iterator[Callable[[int], None]]:
        """Yield what is told of each further piece of one, by its bytes.

        It raises :class:`CrowdedError` where there is no room for that piece.
        """
        mine = 0

        def grows(by: int) -> None:
            nonlocal mine
            if self._held + by > MOST_BYTES:
                raise CrowdedError
            mine += by
            self._held += by

        try:
            yield grows
        finally:
            self._held -= mine
