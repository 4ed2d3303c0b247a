"""What is wrong with settings, said so that a person can put it right at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["Fault", "Faults", "Path", "dotted", "nearest"]

Path = tuple[str | int, ...]
"""Where a setting stands: names of tables and keys, and the place in a list of tables."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# Names longer than this are nobody's typing error, and the distance costs their product.
_LONGEST: Final = 48


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the settings."""

    path: Path
    wrong: str
    allowed: str = ""
    nearest: str = ""
    """The known name or word that was probably meant; empty when none is near."""

    @property
    def dotted(self) -> str:
        """The path as one name, such as ``local.servers[0].url``."""
        return dotted(self.path)

    @property
    def sentence(self) -> str:
        """All of it in one line for a person."""
        parts = [f"{self.dotted}: {self.wrong}" if self.path else self.wrong]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.nearest:
            parts.append(f"did you mean {self.nearest!r}?")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that is wrong with the settings, in the order of the settings."""

    all: tuple[Fault, ...]


def dotted(path: Path) -> str:
    """Return a path as one name; a key that is not bare is quoted."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += ("." if name else "") + (part if _BARE.fullmatch(part) else repr(part))
    return name


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that differs least; empty when all differ by more than a third."""
    if len(word) > _LONGEST:
        return ""
    ranked = sorted((_distance(word.lower(), name.lower()), name) for name in known)
    return next((name for far, name in ranked[:1] if far <= max(1, len(name) // 3)), "")


def _distance(one: str, other: str) -> int:
    """Return how many letters must be changed, added, dropped or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
