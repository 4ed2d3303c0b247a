"""The one budget from which all requests draw that are sent to the cloud once more."""

from standby.core.quota.retries import Budget
from standby.ports import Clock

__all__ = ["Retries"]


class Retries:
    """Says whether a request may be sent once more. Shared by all requests."""

    def __init__(self) -> None:
        self._budget = Budget()

    def asked(self, clock: Clock) -> None:
        """Note a request that is sent for the first time."""
        self._budget = self._budget.asked(clock.ticks())

    def draw(self, clock: Clock) -> bool:
        """Take one more try, if there is one left."""
        left = self._budget.again(clock.ticks())
        if left is None:
            return False
        self._budget = left
        return True
