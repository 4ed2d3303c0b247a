"""What of a request has no counterpart on a local server, in words."""

from dataclasses import dataclass, field

__all__ = ["Losses"]


@dataclass(slots=True)
class Losses:
    """Collects losses while one request is translated; each is named once."""

    _said: dict[str, None] = field(default_factory=dict[str, None])

    def note(self, what: str) -> None:
        """Note a loss."""
        self._said[what] = None

    def all(self) -> tuple[str, ...]:
        """Return what was noted, in order."""
        return tuple(self._said)
