"""What a person is told of who does not look: each event once, and none that passes in a moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

__all__ = ["LEVELS", "SETTLED_S", "Alert", "Level", "Scene", "Told", "due"]

LEVELS: Final = (0.95, 0.8)
"""The shares of a window that are worth a word, the highest first."""
SETTLED_S: Final = 3.0
"""How long a change of sides has to stand: a short throttle or a restart is none."""
# Resets of one window are told with a few seconds' difference.
_SAME_RESET_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Level:
    """How much of one window is used."""

    window: str
    """The name of the window, with the account where that matters."""
    used: float
    resets_at: float | None
    """Seconds since the epoch, if known."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that can be worth a word, at one moment."""

    answering: str
    """``cloud``, ``local`` or ``nobody``."""
    chosen: bool = False
    """Whether a person has chosen it: they need not be told."""
    why: str = ""
    until: float | None = None
    """When the cloud is back, in seconds since the epoch."""
    model: str = ""
    """The local model that answers, or would; empty: there is none."""
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell."""

    title: str
    words: str
    until: float | None = None
    """A moment that belongs to it: the words end with it."""


@dataclass(frozen=True, slots=True)
class _Side:
    answering: str
    model: str
    """Whether a local model is there matters, and which not."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person knows already. The first scene is taken in without a word."""

    side: _Side | None = None
    coming: _Side | None = None
    """Another side, which has to stand for a while before it is told."""
    coming_since: float = 0.0
    crossed: Mapping[str, Level] = field(default_factory=dict[str, Level])
    """For each window the highest share that was told, and the reset it was told for."""


def due(told: Told, scene: Scene, now: float) -> tuple[Told, tuple[Alert, ...]]:
    """Return what is to be told at this moment, and what is known after that."""
    first = told.side is None
    crossed = _crossed(told.crossed, scene.levels)
    sides, alerts = _sides(told, scene, now)
    if not first:
        alerts = (*alerts, *_rises(told.crossed, crossed))
    return replace(sides, crossed=crossed), alerts


def _crossed(before: Mapping[str, Level], levels: tuple[Level, ...]) -> dict[str, Level]:
    """Return the share of each window that is told after this; what is not shown is kept."""
    after = dict(before)
    for level in levels:
        known = after.get(level.window)
        if known is not None and _anew(known, level):
            del after[level.window]
            known = None
        reached = next((share for share in LEVELS if level.used >= share), None)
        if reached is not None and (known is None or known.used < reached):
            after[level.window] = replace(level, used=reached)
    return after


def _anew(known: Level, level: Level) -> bool:
    """Whether a window has begun anew since a share of it was told."""
    if known.resets_at is None or level.resets_at is None:
        return level.used < known.used / 2
    return level.resets_at - known.resets_at > _SAME_RESET_S


def _rises(before: Mapping[str, Level], after: Mapping[str, Level]) -> Iterator[Alert]:
    for name, level in after.items():
        if (known := before.get(name)) is None or known != level:
            yield Alert(
                f"{level.used:.0%} of the {name} window is used",
                "It resets" if level.resets_at is not None else "",
                level.resets_at,
            )


def _sides(told: Told, scene: Scene, now: float) -> tuple[Told, tuple[Alert, ...]]:
    side = _Side(scene.answering, scene.model)
    if told.side is None or scene.chosen or _same(told.side, side):
        return replace(told, side=side, coming=None), ()
    if told.coming is None or not _same(told.coming, side):
        return replace(told, coming=side, coming_since=now), ()
    if now - told.coming_since < SETTLED_S:
        return told, ()
    return replace(told, side=side, coming=None), tuple(_changes(told.side, scene))


def _same(one: _Side, other: _Side) -> bool:
    return one.answering == other.answering and bool(one.model) == bool(other.model)


def _changes(before: _Side, scene: Scene) -> Iterator[Alert]:
    back = "The cloud is back" if scene.until is not None else ""
    if before.answering != scene.answering:
        match scene.answering:
            case "cloud":
                yield Alert("The cloud answers again", "")
            case "local":
                why = f"{_sentence(scene.why)}{back}"
                yield Alert(f"{scene.model} answers now", why, scene.until)
            case _:
                yield Alert("Nobody can answer", f"{_sentence(scene.why)}{back}", scene.until)
    if before.model and not scene.model:
        yield Alert("The local engine is down", f"{before.model} would have taken over")


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}. " if why else ""
