"""Who may look at the pages without the token: a link that opens once, and the visit it begins.

A browser must not hold the token: it would stand in the address bar, in the history, in a cookie.
So whoever has the token asks for a link. Its code is good once and for a few minutes, and buys a
visit, which only opens our own pages. All of it is in memory, as hashes, and ends with the gateway.
"""

import hashlib
from collections.abc import Callable
from typing import Final

__all__ = ["LINK_S", "MOST", "VISIT_S", "Visits", "cookie_name"]

LINK_S: Final = 300.0
"""How long a link waits to be opened."""
VISIT_S: Final = 12 * 3600.0
"""How long a browser may look before it needs another link."""
MOST: Final = 16
"""Links that wait, and visits, at one time; of too many the oldest ends."""
_SIGNS: Final = 43  # of 62 kinds: 256 random bits


class Visits:
    """Makes links and visits, and knows them again.

    ``mint`` returns random signs that cannot be guessed; ``ticks`` the seconds of a clock that
    never jumps.
    """

    def __init__(self, mint: Callable[[str, int], str], ticks: Callable[[], float]) -> None:
        self._mint = mint
        self._ticks = ticks
        self._links: dict[str, float] = {}
        self._visits: dict[str, float] = {}

    def link(self) -> str:
        """Return the code of a link that opens once within :data:`LINK_S`."""
        return self._made(self._links, LINK_S)

    def open(self, code: str) -> str | None:
        """Return the key of a new visit; ``None`` for a code that is unknown, used or too old."""
        until = self._links.pop(_digest(code), 0.0)
        return self._made(self._visits, VISIT_S) if self._ticks() < until else None

    def knows(self, key: str) -> bool:
        """Whether a visit with this key goes on."""
        return self._ticks() < self._visits.get(_digest(key), 0.0)

    def _made(self, among: dict[str, float], for_s: float) -> str:
        secret = self._mint("", _SIGNS)
        among[_digest(secret)] = self._ticks() + for_s
        while len(among) > MOST:
            among.pop(next(iter(among)))
        return secret


def cookie_name(port: int) -> str:
    """Return the name of the cookie of a visit: cookies do not tell the ports of a host apart."""
    return f"standby-{port}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
