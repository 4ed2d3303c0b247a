"""Room beside the ledger that is given up when the disk is full: its rows go on for a while.

A write-ahead log needs room even to be folded into its file. What is laid by here is enough for
some hundred rows and for that, while a person makes room.
"""

import logging
import os
import secrets
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["SIZE_BYTES", "Ballast", "is_full"]

log = logging.getLogger(__name__)

SIZE_BYTES: Final = 1024 * 1024
PLENTY_BYTES = 64 * 1024 * 1024
"""With less than this left on the disk no room is taken from others."""
_PRIMARY: Final = 0xFF


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error says that there is no room."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_FULL


class Ballast:
    """A file that stands for room."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(f"{ledger.name}.ballast")

    def lay(self) -> None:
        """Take the room, if it is not taken yet and the disk has plenty. Never raises."""
        with suppress(OSError):
            if self._path.exists() or shutil.disk_usage(self._path.parent).free < PLENTY_BYTES:
                return
            # Noise: some file systems keep blanks in no room at all.
            noise = secrets.token_bytes(SIZE_BYTES)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(self._path, flags, 0o600), "wb") as file:
                file.write(noise)

    def drop(self) -> bool:
        """Give the room up; tell whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        log.warning(
            "the disk is full: %d KiB that were kept for this are given up, so that the ledger"
            " can go on for a while; make room",
            SIZE_BYTES // 1024,
        )
        return True
