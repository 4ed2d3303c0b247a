"""How much memory the engines of our own use: they are processes that this one has started."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

import psutil

__all__ = ["ResidentMemory"]

# What stands in the command line of an engine's process, by the engine's name.
_SIGNS: Final[Mapping[str, str]] = {"embedded": "embedded_child", "on_path": "llama-server"}


class ResidentMemory:
    """Looks at the processes below this one."""

    def __init__(self, signs: Mapping[str, str] = _SIGNS) -> None:
        self._signs = signs

    async def bytes_of(self, engine: str) -> int | None:
        """Return what an engine's processes hold in memory; ``None`` when none of ours runs."""
        sign = self._signs.get(engine)
        return None if sign is None else await asyncio.to_thread(_held, sign)


def _held(sign: str) -> int | None:
    held = 0
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended since
            if any(sign in part for part in child.cmdline()):
                held += child.memory_info().rss
    return held or None
