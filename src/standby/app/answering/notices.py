"""Who has been told of a switch: each conversation once, until the cloud has answered it again."""

from dataclasses import dataclass

from standby.app.recent import Recent

__all__ = ["Notices"]


@dataclass(frozen=True, slots=True)
class _Told:
    requested: str
    by: str


class Notices:
    """Remembers the conversations that know; an old one that is forgotten is told once more."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        """Replaced when the settings are read again."""
        self._told: Recent[str, _Told] = Recent()

    def due(self, session: str, requested: str, by: str) -> bool:
        """Whether a conversation does not know yet that ``by`` answers it; from now on it does.

        Requests that name no conversation are never told: each of them would be.
        """
        told = self._told.get(session)
        if not self.enabled or not session or (told is not None and told.by == by):
            return False
        self._told.put(session, _Told(requested, by))
        return True

    def over(self, session: str, requested: str) -> None:
        """Note that the cloud has answered a conversation.

        Where only some models are spent, others of the same conversation are served all the while:
        it is over for the model that the conversation was told about.
        """
        told = self._told.get(session)
        if told is not None and told.requested == requested:
            self._told.forget(session)
