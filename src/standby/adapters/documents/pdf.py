"""The text of a PDF, read by a child process: what a conversation holds is nobody's friend.

A file can be made so that its reader takes hours or all memory. The child has limits on both, no
environment to speak of, and is killed at the deadline.
"""

import asyncio
import importlib.util
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

from standby.adapters.child import clean_environment

__all__ = ["PdfTexts"]

_READ_S: Final = 30.0
_LARGEST_BYTES: Final = 32 * 1024 * 1024
"""The most that the cloud takes, too."""
_ROOT: Final = Path(sys.executable).anchor


class PdfTexts:
    """Implements the port ``Documents``, where the extra ``documents`` is installed."""

    def __init__(self, *, read_s: float = _READ_S) -> None:
        self._read_s = read_s
        self._one = asyncio.Semaphore(1)

    async def text(self, data: bytes) -> str | None:
        """Return the text; ``None`` when it is no PDF, has none, or nobody here can read it."""
        if not data.startswith(b"%PDF-") or len(data) > _LARGEST_BYTES or not _installed():
            return None
        async with self._one:
            return await self._read(data)

    async def _read(self, data: bytes) -> str | None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "standby.adapters.documents.pdf_child"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=_ROOT,
            env=clean_environment(os.environ),
        )
        try:
            async with asyncio.timeout(self._read_s):
                said, _ = await child.communicate(data)
        except TimeoutError:
            return None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        text = said.decode(errors="replace").strip()
        return text if child.returncode == 0 and text else None


def _installed() -> bool:
    return importlib.util.find_spec("pypdf") is not None
