"""Which line and version of model an id names, where the rules depend on it."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Line", "line_of"]

_ID: Final = re.compile(
    r"claude-(?P<line>opus|sonnet|haiku|fable|mythos)-(?P<major>\d+)(?:-(?P<minor>\d{1,2}))?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of models and a version: ``opus``, ``(4, 8)``."""

    name: str
    version: tuple[int, int]


def line_of(model: str) -> Line | None:
    """Return what an id names; ``None`` when it follows no known pattern."""
    found = _ID.match(model)
    if found is None:
        return None
    return Line(found["line"], (int(found["major"]), int(found["minor"] or 0)))
