"""What is freed is given back to the system, also when it was much."""

import sys
from typing import Final

__all__ = ["LARGE_BYTES", "give_back"]

LARGE_BYTES: Final = 4 * 1024 * 1024
"""Pieces of memory from here on are the system's again as soon as they are freed.

A request of 1 MB gives back two to three MiB at once. They must stay below it: asked of the system
anew for each, page by page, they made the way to the cloud two to three times as long, in about
half of all processes and by chance, for glibc's own limit lies there (measured).
"""

# The numbers that glibc's `malloc.h` gives these options.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3


def give_back() -> bool:
    """Have large pieces of memory given back when they are freed; return whether it can be done.

    glibc raises its limit for them to the largest that was ever freed, up to 32 MiB: after one
    answer of 64 MiB, what it took stayed with the process for ever (measured).
    """
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 - only here

    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False  # musl has another allocator, which knows no such limits
    done = [libc.mallopt(option, LARGE_BYTES) for option in (_MMAP_THRESHOLD, _TRIM_THRESHOLD)]
    return all(done)
