"""Why an engine fails, told from its own words; and how it may be started with less.

The words are data, and stand with the engines that say them. Here is how they are recognised, and
what follows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

__all__ = ["LEAST_TOKENS", "Retreat", "Sign", "Trouble", "recognise", "smaller"]

LEAST_TOKENS: Final = 4096
"""A smaller window is of no use to anybody."""
_MOST_STEPS: Final = 2


class Trouble(Enum):
    """What is wrong."""

    MEMORY = "its memory ended"
    """The card's or the machine's."""
    TOO_OLD = "it is too old"
    """It does not know the model, or what it was told."""
    MISSING = "it is not all there"
    PORT = "its port was taken"
    PROCESSOR = "it was built for another processor"
    KILLED = "it was killed"


@dataclass(frozen=True, slots=True)
class Sign:
    """Words by which an engine shows what is wrong, in small letters, and what to do about it."""

    trouble: Trouble
    words: tuple[str, ...]
    advice: str


def recognise(signs: Iterable[Sign], said: str) -> Sign | None:
    """Return the first sign whose words were said; ``None``: none was."""
    heard = said.lower()
    return next((sign for sign in signs if any(words in heard for words in sign.words)), None)


@dataclass(frozen=True, slots=True)
class Retreat:
    """With how much less a model is started, since its memory has ended."""

    window: int | None = None
    """At most so many tokens."""
    layers: int | None = None
    """At most so many of its layers on the card."""
    steps: int = 0

    @property
    def words(self) -> str:
        """What is less, in words; empty: nothing."""
        parts = (
            () if self.window is None else (f"a window of {self.window:,} tokens",),
            () if self.layers is None else (f"{self.layers} layers on the card",),
        )
        return " and ".join(part for one in parts for part in one)

    def within(self, window: int) -> int:
        """Return the window that it leaves."""
        return window if self.window is None else min(window, self.window)


def smaller(now: Retreat, window: int, layers: int) -> Retreat | None:
    """Return the next step back; ``None``: there is none, or it has gone far enough.

    ``window`` is what the model was started with; ``layers`` how many it may have on a card, 0
    where it computes on the processor. The window is what takes memory without need; so it goes
    first, and then half of the layers.
    """
    if now.steps >= _MOST_STEPS:
        return None
    steps = now.steps + 1
    if now.window is None and window // 2 >= LEAST_TOKENS:
        return replace(now, window=window // 2, steps=steps)
    if now.layers is None and layers > 0:
        return replace(now, layers=layers // 2, steps=steps)
    return None
