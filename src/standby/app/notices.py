"""Who has been told of a switch: each conversation once, until the cloud has answered it again."""

from collections import OrderedDict
from typing import Final

__all__ = ["Notices"]

# Conversations that have been told: the newest ones. An older one is told once more.
REMEMBERED: Final = 512


class Notices:
    """Remembers the conversations that know."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._told: OrderedDict[str, str] = OrderedDict()

    def due(self, session: str, model: str) -> bool:
        """Whether a conversation does not know yet that this model answers it; from now on it does.

        Requests that name no conversation are never told: each of them would be.
        """
        if not self._enabled or not session or self._told.get(session) == model:
            return False
        self._told[session] = model
        self._told.move_to_end(session)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True

    def over(self, session: str) -> None:
        """Note that the cloud has answered a conversation."""
        self._told.pop(session, None)
