"""How hard the quota must be spared so that it lasts to the reset: a level, with hysteresis.

Two measures. Where enough windows of an account were seen, what used to be used after this moment
of one is added to what is used now: sparing begins when that comes near the whole. Elsewhere, and
for windows of a week, the share that is used is held against the share of time that has passed.
Both follow from what the ledger keeps, and so are the same after a restart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.policy.habits import Course, still_to_come
from standby.core.quota.windows import LENGTH_S, Window

__all__ = ["EASY", "MOST", "Level", "Pace", "PaceRules", "Step", "paced"]

Level = int
"""0: nothing is spared. 1: titles and simple subagents go local. 2: all subagents, and compactions.
3: conversations that begin with a small turn of little value, too. 4: running conversations, at a
turn of little value, and large turns."""
MOST: Final[Level] = 4
# The clock here and that of the cloud may differ by minutes.
_LEFT_AT_MOST: Final = 1.05


@dataclass(frozen=True, slots=True)
class Step:
    """From where on a level holds."""

    even: float
    """How much of the even pace is used, where no habits are known."""
    share: float
    """In how many of the earlier windows no more was used from here on than is reckoned with."""
    whole: float
    """What is used now and still to come, as a share of the quota."""


@dataclass(frozen=True, slots=True)
class PaceRules:
    """The numbers of the pace. Shares are of the window's quota."""

    free: float = 0.03
    """So much may be used at the beginning of a window before anything is spared."""
    steps: tuple[Step, ...] = (
        Step(0.3, 0.95, 0.5),
        Step(0.4, 0.95, 0.6),
        Step(0.5, 0.95, 0.75),
        Step(0.7, 0.9, 0.95),
    )
    """For each level. Chosen with ``bench/policy.py``: what needs no switch goes early, at the mere
    chance that the quota may not last; a running conversation moves when it rather does not."""
    ease: float = 0.05
    """A level ends when the pace has fallen so far below where it began."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard to spare, and why."""

    level: Level = 0
    why: str = ""


EASY: Final = Pace()
_RULES: Final = PaceRules()


def paced(
    before: Level,
    windows: Iterable[Window],
    now: float,
    rules: PaceRules = _RULES,
    habits: Mapping[str, Sequence[Course]] | None = None,
) -> Pace:
    """Return the pace of an account at a moment, given the level until now.

    ``habits`` are the courses of its earlier windows, by the name of the window. Windows whose
    length or reset is not known say nothing; the one that is hardest pressed decides.
    """
    found = [
        pressed
        for window in windows
        if (pressed := _of(before, window, now, rules, (habits or {}).get(window.name, ())))
    ]
    level, _, why = max(found, default=(0, 0.0, ""))
    return Pace(level, why) if level else EASY


def _of(
    before: Level, window: Window, now: float, rules: PaceRules, courses: Sequence[Course]
) -> tuple[Level, float, str] | None:
    """Return the level of one window, how far beyond it the pace is, and why.

    ``None`` where it cannot be told.
    """
    length_s = LENGTH_S.get(window.name)
    used, resets_at = window.utilisation, window.resets_at
    if length_s is None or used is None or resets_at is None:
        return None
    left = (resets_at - now) / length_s
    if not 0 < left <= _LEFT_AT_MOST:  # it has begun anew, or is not what we think it is
        return None
    passed = max(1 - left, 0.0)
    why = f"{used:.0%} of {window.name} is used with {passed:.0%} of it passed"
    shares = [step.share for step in rules.steps]
    if come := still_to_come(courses, resets_at, passed * length_s, shares):
        pairs = zip(rules.steps, come, strict=True)
        above = [used + to_come - step.whole for step, to_come in pairs]
        why += f"; {come[0]:.0%} more may be by its reset, as windows went before"
    else:
        even = max(used - rules.free, 0.0) / max(passed, rules.free)
        above = [even - step.even for step in rules.steps]
    level = _level(before, above, rules.ease)
    return level, above[max(level - 1, 0)], why


def _level(before: Level, above: Sequence[float], ease: float) -> Level:
    """Return the level, given how far the pace lies above where each of them begins."""
    risen = len([one for one in above if one >= 0])
    kept = len([one for one in above if one >= -ease])
    return max(risen, min(before, kept))
