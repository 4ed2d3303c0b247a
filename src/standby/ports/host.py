"""What the machine has to give: the time, chance, its load, a way to its user."""

from typing import Protocol

from standby.core.warming import Load

__all__ = [
    "Clock",
    "Dice",
    "Machine",
    "Notifier",
]


class Clock(Protocol):
    """A source of the time."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def ticks(self) -> float:
        """Return the seconds of a clock that never jumps, for durations."""
        ...

    def midnight(self, at: float) -> float:
        """Return when the day of a moment began here, in seconds since the epoch."""
        ...

    def told(self, at: float) -> str:
        """Return a moment as a person here would say it: ``21:23``, or ``Thu 26 Nov 10:34``."""
        ...


class Dice(Protocol):
    """A source of randomness."""

    def mint(self, prefix: str, length: int) -> str:
        """Return ``prefix`` and random letters and digits, ``length`` of them."""
        ...

    def fraction(self) -> float:
        """Return a number from 0 up to 1."""
        ...


class Machine(Protocol):
    """What else the machine that we run on has to do."""

    async def load(self) -> Load:
        """Return what is so now. Never raises: what cannot be found out is no load."""
        ...


class Notifier(Protocol):
    """Whatever reaches a person who does not look."""

    async def tell(self, title: str, words: str) -> None:
        """Tell them. Never raises, and does not wait for long."""
        ...
