"""Content codings: what an answer says in plain, and going on in place where its peer was cut off.

A client that asked for compression gets one coded stream, and must be able to decode the whole of
it, the peer's beginning and our end. All three formats allow it where the peer has flushed, which
each server that streams events does after each of them: the coded bytes then end on the border of a
block, and a block that holds its text uncompressed can follow (deflate: RFC 1951 3.2.4; brotli: RFC
7932 9.2; zstd: RFC 8878 3.1.1.2). Ours travels over loopback, where compressing it gains nothing.

Whether the border is safe is not guessed from the last bytes: what we append is first read by the
decoder that has read the peer's part. If our text does not come out of it, nothing is appended.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Final, cast

from standby.adapters.codings.coder import Coded, Identity, Unknown
from standby.adapters.codings.format import Format
from standby.ports import Coder

__all__ = ["coder_for"]


def _formats() -> Iterator[tuple[str, Callable[[], Format]]]:
    """Yield the names of each coding that has a file here, with what makes one."""
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for name in getattr(module, "NAMES", ()):
            yield name, cast("Callable[[], Format]", module.FORMAT)


_FORMATS: Final = dict(_formats())


def coder_for(content_encoding: str) -> Coder:
    """Return the coder for a ``content-encoding``; one that we do not know refuses to decode."""
    name = content_encoding.strip().lower()
    if name in ("", "identity"):
        return Identity()
    form = _FORMATS.get(name)
    return Unknown(name) if form is None else Coded(form())
