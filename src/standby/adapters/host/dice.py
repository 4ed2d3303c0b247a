"""Randomness of this machine, fit for what must not be guessed."""

import secrets
import string
from typing import Final

__all__ = ["SystemDice"]

_SIGNS: Final = (string.ascii_letters + string.digits).encode()
# One call for a whole id, a tenth of the time of one for each sign. Eight of the 62 signs come a
# quarter more often than the others: an id of 20 has 119 random bits all the same.
_SIGN_OF: Final = bytes(_SIGNS[byte % len(_SIGNS)] for byte in range(256))
_BITS: Final = 53
"""So many of a fraction a float tells apart."""


class SystemDice:
    """Dice of the operating system."""

    def mint(self, prefix: str, length: int) -> str:
        """Return ``prefix`` and random letters and digits, ``length`` of them."""
        return prefix + secrets.token_bytes(length).translate(_SIGN_OF).decode()

    def fraction(self) -> float:
        """Return a number from 0 up to 1."""
        return secrets.randbits(_BITS) / (1 << _BITS)
