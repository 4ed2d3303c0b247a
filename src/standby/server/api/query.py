"""What a query asks, held against what its path allows.

A name that is misspelt and passed over would look like an answer to what was asked.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from standby.core.wire.json import JSON

__all__ = ["Query", "QueryError"]

_MOST_SIGNS: Final = 1000
_MOST_DIGITS: Final = 15
_NONE: Final[Mapping[str, JSON]] = {}


class QueryError(Exception):
    """A query asks for something that there is not; its message says what there is."""


class Query:
    """The parameters of one request. Raise :class:`QueryError` when one is not allowed."""

    def __init__(self, text: str, allowed: Mapping[str, Mapping[str, JSON]]) -> None:
        if len(text) > _MOST_SIGNS:
            raise QueryError(f"a query may have {_MOST_SIGNS} signs")
        self._allowed = allowed
        self._given = dict(parse_qsl(text, keep_blank_values=True))
        if not self._given.keys() <= allowed.keys():
            raise QueryError(f"the parameters of this path are: {', '.join(allowed) or 'none'}")

    @property
    def fields(self) -> Mapping[str, str]:
        """What was given, as it was given."""
        return self._given

    def text(self, name: str) -> str:
        """Return a text; empty when it was not given and has no default."""
        about = self._allowed.get(name, _NONE)
        value = self._given.get(name)
        if value is None:
            return str(about.get("default", ""))
        match about.get("enum"):
            case list() as words if value not in words:
                raise QueryError(f"{name} must be one of: {', '.join(map(str, words))}")
            case _:
                return value

    def whole(self, name: str) -> int:
        """Return a whole number within its limits."""
        about = self._allowed.get(name, _NONE)
        value = self._given.get(name, str(about.get("default", 0)))
        least, most = about.get("minimum"), about.get("maximum")
        if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS):
            raise QueryError(f"{name} must be a whole number")
        number = int(value)
        if isinstance(least, int) and number < least:
            raise QueryError(f"{name} must be {least} at least")
        if isinstance(most, int) and number > most:
            raise QueryError(f"{name} may be {most} at most")
        return number
