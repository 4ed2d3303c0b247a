"""How hard the quota must be spared so that it lasts to the reset: a level, with hysteresis.

The measure is the even pace: a share of the window that has passed, against a share that is used.
It needs no history, and so is the same after a restart. A forecast, where there is one, says the
rest: what is sure to last need not be spared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from standby.core.quota.windows import LENGTH_S, Window

__all__ = ["EASY", "Level", "Pace", "PaceRules", "paced"]

Level = int
"""0: nothing is spared. 1: background calls go local. 2: simple subagents, too. 3: small turns of
little value, too. 4: all but the main conversation's turns of high value."""
MOST: Final[Level] = 4
# The clock here and that of the cloud may differ by minutes.
_LEFT_AT_MOST: Final = 1.05


@dataclass(frozen=True, slots=True)
class PaceRules:
    """The numbers of the pace. Shares are of the window's quota."""

    free: float = 0.03
    """So much may be used at the beginning of a window before anything is spared."""
    steps: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6)
    """From how much of the even pace on each level holds. Chosen with ``bench/policy.py``: work
    comes in runs, and what the turns of high value will need must still be there."""
    ease: float = 0.1
    """A level ends when the pace has fallen so far below where it began."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard to spare, and why."""

    level: Level = 0
    why: str = ""


EASY: Final = Pace()


def paced(
    before: Level, windows: Iterable[Window], now: float, rules: PaceRules | None = None
) -> Pace:
    """Return the pace of an account at a moment, given the level until now.

    Windows whose length or reset is not known say nothing; the one that is hardest pressed decides.
    """
    rules = rules or PaceRules()
    pressed = [(_pressure(window, now, rules), window) for window in windows]
    known = [(pressure, window) for pressure, window in pressed if pressure is not None]
    if not known:
        return EASY
    pressure, window = max(known, key=lambda one: one[0])
    level = _level(before, pressure, rules)
    if not level or window.utilisation is None or window.resets_at is None:
        return EASY
    passed = max(1 - (window.resets_at - now) / LENGTH_S[window.name], 0.0)
    return Pace(
        level, f"{window.utilisation:.0%} of {window.name} is used with {passed:.0%} of it passed"
    )


def _pressure(window: Window, now: float, rules: PaceRules) -> float | None:
    """Return how much of the even pace is used; ``None`` where it cannot be told."""
    length_s = LENGTH_S.get(window.name)
    if length_s is None or window.utilisation is None or window.resets_at is None:
        return None
    left = (window.resets_at - now) / length_s
    if not 0 < left <= _LEFT_AT_MOST:  # it has begun anew, or is not what we think it is
        return None
    return max(window.utilisation - rules.free, 0.0) / max(1 - left, rules.free)


def _level(before: Level, pressure: float, rules: PaceRules) -> Level:
    risen = sum(pressure >= step for step in rules.steps)
    kept = sum(pressure >= step - rules.ease for step in rules.steps)
    return max(risen, min(before, kept))
