"""What llama.cpp has read, as files: which there may be, what they are called, when they go.

Such a file is a conversation in another form, so it is nobody else's: the folder is 0700, its files
0600, and a name tells nothing to who has not the key of this installation. A damaged one would end
the engine, and with it every answer that runs there: so a file bears the seal of its content in its
name, and who takes one gets it only if the seal fits. When one is written or read is decided in
:mod:`standby.app.local.kept_slots`.
"""

import hashlib
import hmac
import os
import shutil
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from standby.adapters.host.private import private_folder

__all__ = ["AGE_S", "MOST", "MOST_BYTES", "SlotFiles"]

MOST: Final = 4
"""How many are kept; the oldest go first."""
MOST_BYTES: Final = 2 * 1024**3
"""How much all of them may come to, and so each."""
AGE_S: Final = 24 * 3600.0
"""How long one is kept."""

_KEEPS_BYTES: Final = 5 * 1024**3
_KEEPS_PART: Final = 0.1
_PIECE_BYTES: Final = 1 << 20
_ENDING: Final = ".slot"
_UNDONE: Final = ".part"
# llama.cpp's file of one sequence: "ggsq", the version, and how many tokens follow, 32 bits each.
_HEAD: Final = struct.Struct("<4sII")
_MAGIC: Final = b"qsgg"
_MOST_TOKENS: Final = 1 << 22
# The server puts before the tokens of a conversation -1, a version and how many there are, and
# behind them how many images there were, which are no tokens. Older ones wrote the tokens alone.
_PACKED: Final = (-1, 1)


class SlotFiles:
    """The folder of what is kept. Everything blocks, and may raise :class:`OSError`."""

    def __init__(
        self,
        folder: Path,
        key: bytes = b"",
        now: Callable[[], float] = time.time,
        free: Callable[[Path], tuple[int, int]] | None = None,
    ) -> None:
        """``key`` names the files; ``free`` says how large the disk is, and how much is free."""
        self.folder = folder
        self.most_bytes = MOST_BYTES
        self._key = key
        self._now = now
        self._free = free or _free

        self._taken: dict[str, Path] = {}
        """What each that is taken was called."""

    def name(self, engine: str, session: str) -> str:
        """Return how the file of a conversation is known, read by one model of one engine."""
        said = f"{len(engine)}:{engine}{session}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()

    def undone(self, name: str) -> str:
        """Return what it is called until it is whole, or while it is taken."""
        return name + _UNDONE

    def open(self) -> None:
        """Make the folder; put away what is too old, too much or not whole.

        Raise ``UnsafeFileError`` when the folder is not ours.
        """
        private_folder(self.folder)
        for path in self.folder.glob(f"*{_UNDONE}"):
            path.unlink(missing_ok=True)
        self.tidy()

    def clear(self) -> int:
        """Delete all of them; return how many there were."""
        gone = 0
        if self.folder.is_symlink() or not self.folder.is_dir():
            return gone
        for path in (*self.folder.glob(f"*{_ENDING}"), *self.folder.glob(f"*{_UNDONE}")):
            path.unlink(missing_ok=True)
            gone += 1
        return gone

    def room(self) -> bool:
        """Whether the disk has room for one as large as they may be, and stays fit for use."""
        whole, free = self._free(self.folder)
        return free - MOST_BYTES >= min(_KEEPS_BYTES, whole * _KEEPS_PART)

    def done(self, name: str, size: int) -> bool:
        """Take in that one of so many bytes was written; older ones go where they are too many.

        Return whether it is as large as that; else it is put away.
        """
        undone = self.folder / self.undone(name)
        if undone.stat().st_size != size:
            self.drop(name)
            return False
        undone.chmod(0o600)
        whole = self._sealed(name)
        undone.replace(whole)  # seal and content at once
        for older in self._all(name):
            if older != whole:
                older.unlink(missing_ok=True)
        self.tidy()
        return True

    def back(self, name: str) -> None:
        """Put back one that was taken: it was of use."""
        (self.folder / self.undone(name)).replace(self._taken.pop(name))

    def drop(self, name: str) -> None:
        """Put away what is not whole of one."""
        (self.folder / self.undone(name)).unlink(missing_ok=True)

    def take(self, name: str) -> tuple[int, ...]:
        """Take one until it is put ``back``; one that never is goes at the next start.

        Return what was read, as tokens; empty: there is no such file, or none to be used. One that
        is not as it was written is put away.
        """
        self.tidy()
        undone = self.folder / self.undone(name)
        for whole in self._all(name):
            whole.replace(undone)
            if whole == self._sealed(name) and (tokens := self._tokens(undone)):
                self._taken[name] = whole
                return tokens
            undone.unlink()
        return ()

    def _all(self, name: str) -> list[Path]:
        """Return the whole ones of a conversation, the newest first; a crash may leave two."""
        found = self.folder.glob(f"{name}.*{_ENDING}")
        return sorted(found, key=lambda path: path.lstat().st_mtime, reverse=True)

    def _sealed(self, name: str) -> Path:
        """Return what one is called once it is whole: as only this content may be."""
        seal = hmac.new(self._key, name.encode(), hashlib.sha256)
        with _opened(self.folder / self.undone(name)) as file:
            while data := file.read(_PIECE_BYTES):
                seal.update(data)
        return self.folder / f"{name}.{seal.hexdigest()}{_ENDING}"

    def _tokens(self, path: Path) -> tuple[int, ...]:
        with _opened(path) as file:
            magic, _, count = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size, b"\0"))
            if magic != _MAGIC or count > _MOST_TOKENS:
                return ()
            data = file.read(4 * count)
        if len(data) < 4 * count:
            return ()
        return _unpacked(struct.unpack(f"<{count}i", data))

    def tidy(self) -> None:
        """Put away what is too old or too much."""
        for path in self.folder.glob(f"*{_UNDONE}"):  # what could not be restored
            if abs(self._now() - path.lstat().st_mtime) > AGE_S:
                path.unlink(missing_ok=True)
        found: list[tuple[float, int, Path]] = []
        for path in self.folder.glob(f"*{_ENDING}"):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime, status.st_size, path))
        size = 0
        for place, (at, bytes_, path) in enumerate(sorted(found, reverse=True), start=1):
            size += bytes_
            if place > MOST or size > MOST_BYTES or abs(self._now() - at) > AGE_S:
                path.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")


def _unpacked(said: tuple[int, ...]) -> tuple[int, ...]:
    match said:
        case (-1, *_):
            count = len(said) - 4
            whole = said[:3] == (*_PACKED, count) and said[-1] == 0
            return said[3:-1] if whole else ()
        case _:
            return said


def _free(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free
