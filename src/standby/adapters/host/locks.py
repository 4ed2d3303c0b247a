"""Locks between processes: whoever has one loses it when he ends, however he ends."""

import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["locked"]


def locked(handle: int) -> bool:
    """Lock an open file without waiting; return whether nobody else has it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
