"""What may ever be written down."""

from typing import Final

__all__ = ["Secret"]

_HIDDEN: Final = "•••"


class Secret:
    """A value that cannot be printed, formatted, compared by accident, pickled or logged."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that sends it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    # `typing.override` is there from Python 3.12 on.
    def __repr__(self) -> str:  # type: ignore[explicit-override]
        return _HIDDEN

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:  # type: ignore[explicit-override]
        return _HIDDEN

    def __reduce__(self) -> str:  # type: ignore[explicit-override]
        raise TypeError("a secret is not written down")

    __hash__ = None  # type: ignore[assignment]  # a secret in a set would be compared in variable time
