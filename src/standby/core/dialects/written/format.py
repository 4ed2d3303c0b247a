"""What a format of written calls is, as data and two small functions."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["WINDOW", "Doubt", "Format", "Head", "Place", "Written"]

WINDOW: Final = 200
"""How much of a text, from a marker on, must show whether a call may begin there."""


class Place(enum.Enum):
    """Where in an answer a call of a format may begin."""

    LINE = "line"
    """At the start of a line, or directly behind a sentence, as chat templates put it."""
    WHOLE = "whole"
    """Nowhere but at the very start of the answer."""
    BLOCK = "block"
    """At the start of the answer, or of a line after words that announce an action."""


class Doubt(enum.Enum):
    """What is known of a beginning that is not known to be one of a call."""

    MORE = "more"
    """It cannot be told yet."""
    NO = "no"


Head = Doubt | str
"""A name: a call of a tool of that name begins here; empty, when the name comes later."""


@dataclass(frozen=True, slots=True)
class Written:
    """One call as it was written. ``given`` is ``None`` for arguments that cannot be read."""

    name: str
    given: JSON
    closed: bool = True
    """It has an end of its own; else the end of the answer is its end."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write calls.

    ``head`` gets at most ``WINDOW`` characters, from a marker on. What it says of a text, if not
    ``MORE``, it says of every longer one. ``read`` gets all from the marker to the end of the
    answer, and returns its calls only if there is nothing else: what goes on after a call only
    shows it.
    """

    name: str
    markers: tuple[str, ...]
    head: Callable[[str], Head]
    read: Callable[[str], tuple[Written, ...] | None]
    place: Place = Place.LINE
    sure: bool = True
    """Its markers mean nothing else. If not, only a call without any fault is one: names are exact,
    there is nothing beside name and arguments, and the schema is content."""
