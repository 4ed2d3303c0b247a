"""What a client is told while it waits for a local model, and when.

A wait that will be short is not worth a word. Of a long one the client is told in a thinking block
of ours, line by line: Claude Code holds on to such an answer for ever, where pings alone carry it
for about 12 minutes (measured with 2.1.330).
"""

from dataclasses import dataclass
from typing import Final

from standby.core.models.speed import Progress

__all__ = ["LONG_S", "SHORT_S", "Told", "Wait", "due", "words"]

LONG_S: Final = 20.0
"""A wait of which this much is left is told of at once."""
SHORT_S: Final = 12.0
"""So long nobody needs to be told anything, if nothing is known of the rest."""
_PAUSE_S: Final = 5.0
_SHARE: Final = 1 / 20
"""The longer it takes, the fewer lines."""
_MINUTE_S: Final = 60
_ALMOST: Final = 99


@dataclass(frozen=True, slots=True)
class Wait:
    """What a request waits for at a local engine. Times are of a clock that never jumps."""

    who: str
    """The model and its engine, in words."""
    since: float
    tokens: int = 0
    """What the prompt comes to."""
    place: int = 0
    """Its place among those who wait for a slot, from 1; 0: it has one."""
    of: int = 0
    loading: bool = False
    progress: Progress | None = None
    left_s: float | None = None
    """How long it will take yet; ``None``: nobody knows."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the client was told last."""

    at: float
    words: str


def due(wait: Wait, now: float, told: Told | None) -> bool:
    """Tell whether it is time for a word."""
    waited = now - wait.since
    if told is None:
        return waited >= SHORT_S or (wait.left_s or 0.0) >= LONG_S
    pause = max(_PAUSE_S, waited * _SHARE)
    return now - told.at >= pause and words(wait, now) != told.words


def words(wait: Wait, now: float) -> str:
    """Return one line for a person."""
    if wait.place:
        return f"Waiting for {wait.who}: {_ordinal(wait.place)} of {wait.of} in line{_rest(wait)}."
    if wait.loading:
        return f"{wait.who} is being loaded: {_span(now - wait.since)} so far."
    prompt = f"{wait.who} reads the prompt"
    match wait.progress:
        case Progress(processed, total) if total:
            percent = min(processed * 100 // total, _ALMOST)
            return f"{prompt}: {percent} % of {total:,} tokens{_rest(wait)}."
        case _:
            size = f" of about {wait.tokens:,} tokens" if wait.tokens else ""
            so_far = "" if wait.left_s else f", {_span(now - wait.since)} so far"
            return f"{prompt}{size}{_rest(wait)}{so_far}."


def _rest(wait: Wait) -> str:
    return f", about {_span(wait.left_s)} left" if wait.left_s else ""


def _span(seconds: float) -> str:
    """Return a duration in words, no finer than it is known."""
    if seconds < _MINUTE_S:
        return f"{max(round(seconds / 5) * 5, 5)} s"
    return f"{round(seconds / _MINUTE_S)} min"


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"number {number}")
