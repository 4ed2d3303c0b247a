"""Which model of the catalogue a machine should have, and what it costs to get it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from standby.core.models.catalogue import Catalogue, Entry
from standby.core.models.fit import FLOOR_TOKENS, Fit, Hardware, Place, Speed, fit, gigabytes

__all__ = ["Choice", "best", "choices", "cost_in_words", "download_s"]

# What a speed is worth beside the published scores, whose few points mean little.
_WORTH: Final = {Speed.FAST: 6, Speed.USABLE: 0, Speed.SLOW: -100, Speed.HOPELESS: -200}
_SHORT_WINDOW: Final = -50
_NOWHERE: Final = -1000

# Told as an example: nobody has measured this line.
_LINE_BITS_PER_S: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A model of the catalogue on this machine."""

    entry: Entry
    fit: Fit

    @property
    def fits(self) -> bool:
        """Whether it would run at all."""
        return self.fit.place is not Place.NOWHERE

    @property
    def of_use(self) -> bool:
        """Whether anybody would want it here."""
        return self.fits and self.fit.speed is not Speed.HOPELESS

    @property
    def worth(self) -> int:
        """Its order among the others; higher is better."""
        short = _SHORT_WINDOW if self.fit.context_tokens < FLOOR_TOKENS else 0
        nowhere = 0 if self.fits else _NOWHERE
        return self.entry.quality + _WORTH[self.fit.speed] + short + nowhere


def choices(catalogue: Catalogue, hardware: Hardware) -> tuple[Choice, ...]:
    """Return every model of the catalogue, the best for the machine first."""
    found = [
        Choice(entry, fit(entry.shape, hardware, entry.context_tokens))
        for entry in catalogue.entries
    ]
    return tuple(sorted(found, key=lambda choice: (-choice.worth, choice.entry.name)))


def best(found: Iterable[Choice]) -> Choice | None:
    """Return the model to recommend; ``None`` when none would be of use."""
    return next((choice for choice in found if choice.of_use), None)


def download_s(size_bytes: int) -> float:
    """Return how long a download takes over a line of 100 Mbit/s, in seconds."""
    return size_bytes * 8 / _LINE_BITS_PER_S


def cost_in_words(entry: Entry) -> str:
    """Return what it takes to get a model, in disk and time."""
    minutes = max(1, round(download_s(entry.size_bytes) / 60))
    return f"{gigabytes(entry.size_bytes)} of disk, and about {minutes} min at 100 Mbit/s"
