"""Who has been told of a switch: each conversation once, until the cloud has answered it again."""

from standby.app.recent import Recent

__all__ = ["Notices"]


class Notices:
    """Remembers the conversations that know; an old one that is forgotten is told once more."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._told: Recent[str, str] = Recent()

    def due(self, session: str, model: str) -> bool:
        """Whether a conversation does not know yet that this model answers it; from now on it does.

        Requests that name no conversation are never told: each of them would be.
        """
        if not self._enabled or not session or self._told.get(session) == model:
            return False
        self._told.put(session, model)
        return True

    def over(self, session: str) -> None:
        """Note that the cloud has answered a conversation."""
        self._told.forget(session)
