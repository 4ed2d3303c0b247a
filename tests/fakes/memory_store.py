"""A quota store without a disk: it lives as long as the test."""

from collections.abc import Mapping

from standby.core.wire.json import JSON


class MemoryStore:
    """Implements the port ``QuotaStore``."""

    def __init__(self) -> None:
        self._state: Mapping[str, JSON] = {}

    async def load(self) -> Mapping[str, JSON]:
        """Return what was saved last."""
        return dict(self._state)

    async def save(self, state: Mapping[str, JSON]) -> None:
        """Keep the state."""
        self._state = dict(state)
