"""What is remembered in memory only, the newest of it."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

__all__ = ["Recent"]

K = TypeVar("K")
V = TypeVar("V")

MOST: Final = 512


class Recent(Generic[K, V]):
    """A mapping that forgets what was put longest ago."""

    def __init__(self, most: int = MOST) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()
        self._most = most

    def get(self, key: K) -> V | None:
        """Return what was put last under a key; ``None`` when nothing was, or it is forgotten."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Forget what is under a key, if anything."""
        self._values.pop(key, None)
