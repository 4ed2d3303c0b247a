"""Which of the offered tools a model means by a name."""

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["meant"]

_BEFORE: Final = re.compile(r"^(?:functions?|tools?|default_api)[.:/]", re.IGNORECASE)
_BEHIND: Final = re.compile(r"(?:\(\)|:\d+)$")  # ``Read:0`` is how some families number calls
_SPELLING: Final = re.compile(r"[\W_]+")
_LONGEST: Final = 128
_ONE_SLIP: Final = 4
_TWO_SLIPS: Final = 9
"""Names of so many letters may be so far off; shorter ones are too near to each other."""


def meant(name: str, offered: Iterable[str], *, near: bool = True) -> str | None:
    """Return the offered tool that a name means; ``None`` when it is none of them, or several.

    Without ``near`` the name must be exact, but for what some families put before and behind it.
    """
    known = tuple(offered)
    if name in known:
        return name
    plain = _BEHIND.sub("", _BEFORE.sub("", name.strip().strip("\"'`")))
    if plain in known:
        return plain
    if not near or not plain or len(plain) > _LONGEST:
        return None
    alike = [one for one in known if _spelt(one) == _spelt(plain)]
    if alike:
        return alike[0] if len(alike) == 1 else None
    return _nearest(_spelt(plain), known)


def _nearest(spelt: str, known: tuple[str, ...]) -> str | None:
    slips = 2 if len(spelt) >= _TWO_SLIPS else 1 if len(spelt) >= _ONE_SLIP else 0
    if not slips:
        return None
    far = sorted((_distance(spelt, _spelt(one), slips), one) for one in known)
    match far:
        case [(distance, one), *others] if distance <= slips:
            # Two that are within reach could both be meant.
            return None if others and others[0][0] <= slips else one
        case _:
            return None


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters were changed, added, left out or swapped; or more than ``most``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for i, a in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost: int = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _spelt(name: str) -> str:
    return _SPELLING.sub("", name).casefold()
