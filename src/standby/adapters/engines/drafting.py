"""The model files of this installation that may guess for another one.

Which may is decided in :mod:`standby.core.models.drafting`; here the files are looked at.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from standby.adapters.model_header import header_of, name_of, reader_of, shape_of
from standby.core.models.drafting import may_draft, speak_alike
from standby.core.models.fit import Shape, need
from standby.core.models.gguf import Header
from standby.core.models.tuning import Tuning

__all__ = ["Files", "drafter_of", "drafters_of", "with_drafter"]

Files: TypeAlias = Callable[[], Iterable[Path]]
"""Returns the model files of this installation; asked each time, on a thread."""


def drafters_of(large: Path, files: Iterable[Path], window: int, room_bytes: int) -> list[str]:
    """Return the names of those that may guess for a model, the smallest first.

    Both must fit into ``room_bytes`` of memory, with a window of so many tokens each.
    """
    left = room_bytes - need(shape_of(header_of(large)), window)
    able: dict[str, Shape] = {}
    for path in files:
        if _may(large, path):
            able.setdefault(name_of(path), shape_of(header_of(path)))  # as `drafter_of` finds it
    fit = [name for name, shape in able.items() if need(shape, window) <= left]
    return sorted(fit, key=lambda name: able[name].weights_bytes)


def drafter_of(large: Path, name: str, files: Iterable[Path]) -> Path | None:
    """Return the file of a small model that may guess for a model; ``None``: there is none."""
    return next((path for path in files if name_of(path) == name and _may(large, path)), None)


def with_drafter(tuning: Tuning, large: Path, files: Files) -> tuple[Tuning, Path | None]:
    """Return settings with the file of their small model; where it is gone, they do without."""
    if not tuning.drafter:
        return tuning, None
    found = drafter_of(large, tuning.drafter, files())
    if found is not None:
        return tuning, found
    gone = f"{tuning.measured} (but {tuning.drafter} is no longer there)"
    return replace(tuning, drafter="", measured=gone), None


def _may(large: Path, small: Path) -> bool:
    one, other = header_of(large), header_of(small)
    if not isinstance(one, Header) or not isinstance(other, Header) or not may_draft(one, other):
        return False
    return _alike(large, one, small, other)


@lru_cache(maxsize=64)
def _alike(large: Path, one: Header, small: Path, other: Header) -> bool:
    try:
        with ExitStack() as files:
            reads = [files.enter_context(reader_of(path)) for path in (large, small)]
            return speak_alike(one, reads[0], other, reads[1])
    except OSError:
        return False
