"""Who may change the settings that were computed for an engine of our own."""

from collections.abc import Callable
from typing import Protocol

from standby.core.models.tuning import Tuning

__all__ = ["AsComputed", "Tuner"]


class Tuner(Protocol):
    """Knows what was measured to be faster. Both are asked on a thread, and may block."""

    def tuned(self, model: str, version: Callable[[], str], computed: Tuning) -> Tuning:
        """Return the settings for a model, by its key, and a version of its engine."""
        ...

    def failed(self, model: str) -> bool:
        """Note that an engine did not start with them; return whether to try the computed ones."""
        ...


class AsComputed:
    """Nothing was measured."""

    def tuned(self, _model: str, _version: Callable[[], str], computed: Tuning) -> Tuning:
        """Return the computed settings."""
        return computed

    def failed(self, _model: str) -> bool:
        """There is nothing else to try."""
        return False
