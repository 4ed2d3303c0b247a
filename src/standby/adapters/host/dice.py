"""Randomness of this machine, fit for what must not be guessed."""

import secrets
import string
from typing import Final

__all__ = ["SystemDice"]

_SIGNS: Final = string.ascii_letters + string.digits
_STEPS: Final = 1 << 53
"""So many fractions a float tells apart."""


class SystemDice:
    """Dice of the operating system."""

    def mint(self, prefix: str, length: int) -> str:
        """Return ``prefix`` and random letters and digits, ``length`` of them."""
        return prefix + "".join(secrets.choice(_SIGNS) for _ in range(length))

    def fraction(self) -> float:
        """Return a number from 0 up to 1."""
        return secrets.randbelow(_STEPS) / _STEPS
