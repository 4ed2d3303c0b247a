"""A state in one JSON file: quota, so that a restart does not ask a dead quota again, and choices.

The file is replaced whole, by a rename: a crash leaves the old one or the new one. It is readable
by its owner only, and it is written off the event loop.
"""

import asyncio
import logging
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from standby.core.wire.json import JSON, NotJSONError, dumps, loads

__all__ = ["FileStore"]

log = logging.getLogger(__name__)

# 64 accounts with all their windows are some 300 KB; what is larger is not ours.
_MAX_BYTES: Final = 4 * 1024 * 1024


class FileStore:
    """A store in a file; ``what`` lies in it, in words for the log."""

    def __init__(self, path: Path, what: str = "the quota") -> None:
        self._path = path
        self._what = what
        self._asked = 0
        self._written = 0
        # A cancelled save goes on in its thread: it must not overtake the one that came after.
        self._turn = threading.Lock()

    async def load(self) -> Mapping[str, JSON]:
        """Return what was saved last. A file that cannot be understood is set aside."""
        return await asyncio.to_thread(self.look)

    async def save(self, state: Mapping[str, JSON]) -> None:
        """Replace the file. A full disk is logged: the state lives on in memory."""
        data = dumps(dict(state))
        self._asked += 1
        try:
            await asyncio.to_thread(self._save, data, self._asked)
        except OSError as error:
            log.warning("%s could not be saved in %s: %s", self._what, self._path, error)

    def look(self) -> Mapping[str, JSON]:
        """Return the same for who is on a thread already: it blocks."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            log.warning("%s saved in %s cannot be read: %s", self._what, self._path, error)
            return {}
        try:
            value = loads(data) if len(data) <= _MAX_BYTES else None
        except NotJSONError:
            value = None
        if isinstance(value, dict):
            return value
        self._set_aside()
        return {}

    def _set_aside(self) -> None:
        aside = self._path.with_name(f"{self._path.name}.broken")
        try:
            self._path.replace(aside)
        except OSError as error:
            log.warning("%s saved in %s is broken and stays: %s", self._what, self._path, error)
        else:
            log.warning("%s saved in %s was broken; it is now %s", self._what, self._path, aside)

    def _save(self, data: bytes, number: int) -> None:
        with self._turn:
            if number > self._written:
                self._replace(data)
                self._written = number

    def _replace(self, data: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.tmp")
        # Created as its owner's only: no moment in which others could read it.
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        _sync_folder(self._path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a loss of power, where a folder can be opened (not on Windows)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
