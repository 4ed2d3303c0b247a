"""Files that are nobody else's business: 0600, ours, no symlink, whole or not there at all.

On Windows the user's profile is what keeps others out: there are no modes and owners to check.
"""

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

__all__ = [
    "UnsafeFileError",
    "append_private",
    "create_private",
    "prepared_private",
    "private_folder",
    "read_private",
    "write_private",
]

_OTHERS: Final = 0o077
# A named pipe in place of a file must not stop us, nor a symlink lead us elsewhere.
_CAREFULLY: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class UnsafeFileError(Exception):
    """A file or folder that others could read, write or point elsewhere; its message says which."""


def private_folder(path: Path) -> None:
    """Make a folder of our own, 0700. Raise :class:`UnsafeFileError` when it is not ours.

    One of ours that others may enter is closed to them.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafeFileError(f"{path} must be a folder, and no symlink")
    _mine(path, status)
    if sys.platform != "win32" and status.st_mode & _OTHERS:
        path.chmod(0o700)


def read_private(path: Path) -> bytes | None:
    """Return what a file holds, ``None`` when there is none.

    Raise :class:`UnsafeFileError` when others could have read or written it.
    """
    _no_symlink(path)
    try:
        handle = os.open(path, os.O_RDONLY | _CAREFULLY)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        status = _regular(path, handle)
        _mine(path, status)
        if sys.platform != "win32" and status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise UnsafeFileError(
                f"others can read or write {path} (mode {mode:04o}, must be 0600): they may know"
                " what it holds; delete it, and a new one is made"
            )
        return file.read()


def create_private(path: Path, data: bytes) -> bool:
    """Make a file, complete and 0600; say whether there was none."""
    _no_symlink(path)
    beside = _beside(path, data)
    try:
        return _published(beside, path, data)
    finally:
        beside.unlink(missing_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Put a file in place of the one that is there: whoever reads sees the old one or the new."""
    with prepared_private(path, data) as put:
        put()


@contextlib.contextmanager
def prepared_private(path: Path, data: bytes) -> Iterator[Callable[[], None]]:
    """Write a file beside another, and yield what puts it in the other's place.

    That needs no room on the disk any more. What was not put there is gone behind the block.
    """
    _no_symlink(path)
    beside = _beside(path, data)

    def put() -> None:
        beside.replace(path)

    try:
        yield put
    finally:
        beside.unlink(missing_ok=True)


def append_private(path: Path) -> int:
    """Open a file to add to it, 0600, and return its descriptor. Raise :class:`UnsafeFileError`."""
    _no_symlink(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CAREFULLY, 0o600)
    try:
        _mine(path, _regular(path, handle))
        if sys.platform != "win32":
            os.fchmod(handle, 0o600)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _beside(path: Path, data: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFULLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        beside.unlink(missing_ok=True)
        # What is written to does not say where it lies.
        raise OSError(error.errno, error.strerror, str(path)) from error
    return beside


def _published(beside: Path, path: Path, data: bytes) -> bool:
    with contextlib.suppress(FileExistsError):
        try:
            os.link(beside, path, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # a file system without hard links
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFULLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        return True
    return False


def _no_symlink(path: Path) -> None:
    if path.is_symlink():
        raise UnsafeFileError(f"{path} is a symlink, and the gateway keeps no state behind one")


def _regular(path: Path, handle: int) -> os.stat_result:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(f"{path} must be a file")
    return status


def _mine(path: Path, status: os.stat_result) -> None:
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        raise UnsafeFileError(
            f"{path} belongs to another user (uid {status.st_uid}, we are {os.geteuid()})"
        )
