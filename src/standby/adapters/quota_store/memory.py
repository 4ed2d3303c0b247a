"""Quota that lives as long as the process: for tests and for a drill."""

from collections.abc import Mapping

from standby.core.wire.json import JSON

__all__ = ["MemoryStore"]


class MemoryStore:
    """A quota store without a disk."""

    def __init__(self) -> None:
        self._state: Mapping[str, JSON] = {}

    async def load(self) -> Mapping[str, JSON]:
        """Return what was saved last."""
        return dict(self._state)

    async def save(self, state: Mapping[str, JSON]) -> None:
        """Keep the state."""
        self._state = dict(state)
