"""The header of a model file on disk, read once for each state of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from standby.core.models.fit import Shape, gigabytes, largest_context, need
from standby.core.models.gguf import Fault, Header, ReadAt, read_header
from standby.core.models.tuning import shortage

__all__ = ["header_of", "misfit", "name_of", "reader_of", "shape_of", "short_of", "window_of"]

# What stays for everything else on the machine.
_SHARE = 0.85
_LEAST_TOKENS = 4096


def header_of(path: Path) -> Header | Fault:
    """Return what a file's header says, or what is wrong with the file. Blocks."""
    try:
        status = path.stat()
        return _read(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except OSError as error:
        return Fault(f"cannot be read: {error.strerror or error}")


def name_of(path: Path) -> str:
    """Return what a model is called by its file: the file's name, without its ending."""
    return path.name.removesuffix(".gguf")


@lru_cache(maxsize=16)
def _read(path: Path, size: int, _changed_ns: int, _inode: int) -> Header | Fault:
    with reader_of(path) as read_at:
        return read_header(read_at, size)


@contextmanager
def reader_of(path: Path) -> Iterator[ReadAt]:
    """Return what reads a file at any place. Blocks; raises :class:`OSError`."""
    with path.open("rb") as file:

        def read_at(offset: int, count: int) -> bytes:
            file.seek(offset)
            return file.read(count)

        yield read_at


def window_of(header: Header | Fault, ram_bytes: int, wanted_tokens: int) -> int:
    """Return the window to serve a model with: what is wanted, less where it or the memory ends."""
    if isinstance(header, Fault):
        return wanted_tokens
    most = min(header.context_tokens or wanted_tokens, wanted_tokens)
    fitting = largest_context(shape_of(header), int(ram_bytes * _SHARE), most)
    return max(fitting, min(most, _LEAST_TOKENS))


def misfit(header: Header, ram_bytes: int) -> str:
    """Return why a model cannot run in the memory of this machine; empty: it can."""
    taken = need(shape_of(header), _LEAST_TOKENS)
    if taken <= ram_bytes:
        return ""
    return (
        f"takes {gigabytes(taken)} of memory at the least, and this machine has"
        f" {gigabytes(ram_bytes)}; `standby models` shows what fits"
    )


def short_of(header: Header, ram_free_bytes: int) -> str:
    """Return why a model cannot be started in the memory that is free now; empty: it can."""
    return shortage(shape_of(header), ram_free_bytes, _LEAST_TOKENS)


def shape_of(header: Header | Fault) -> Shape:
    """Return what a model takes of memory, as far as its header tells."""
    if isinstance(header, Fault):
        return Shape(0, 0, active_billions=0.0)
    return Shape(header.size_bytes, header.kv_values_per_token or 0, active_billions=0.0)
