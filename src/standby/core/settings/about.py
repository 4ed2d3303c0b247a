"""What a setting is: a section of the tree, a table of a list, and what stands beside a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.settings.kinds import Kind

__all__ = ["ABOUT", "About", "Section", "Tables", "about"]


ABOUT: Final = "about"


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the settings."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A list of tables of one form, written ``[[like.this]]``."""

    of: type[Section]


@dataclass(frozen=True, slots=True)
class About:
    """What a setting means, and which values it takes."""

    words: str
    kind: Kind | Tables
    live: bool = False
    """Whether a change of the file counts while the gateway runs; else from its next start on."""


def about(words: str, kind: Kind | Tables, *, live: bool = False) -> Mapping[str, About]:
    """Return what is kept beside a field: what it means, its kind, and when a change counts."""
    return {ABOUT: About(words, kind, live)}
