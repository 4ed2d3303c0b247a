"""How often unknown credentials may be tried: a gateway must not help to try stolen keys."""

import math
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["MOST", "WITHIN_S", "Strangers"]

MOST: Final = 30
"""For the whole gateway: whoever tries stolen keys has many of them."""
WITHIN_S: Final = 60.0


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
