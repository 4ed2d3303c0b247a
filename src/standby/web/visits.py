"""Who may look at the pages without the token: a link that opens once, and the visit it begins.

A browser must not hold the token: it would stand in the address bar, in the history, in a cookie.
So whoever has the token asks for a link. Its code is good once and for a few minutes, and buys a
visit. Its key, in a cookie, opens our own pages to look at; what the page may change, it may with
its hand, which is in no cookie. All of it is in memory, as hashes, and ends with the gateway.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["LINK_S", "MOST", "VISIT_S", "Visit", "Visits", "cookie_name"]

LINK_S: Final = 300.0
"""How long a link waits to be opened."""
VISIT_S: Final = 12 * 3600.0
"""How long a browser may look before it needs another link."""
MOST: Final = 16
"""Links that wait, and visits, at one time; of too many the oldest ends."""
_SIGNS: Final = 43  # of 62 kinds: 256 random bits


@dataclass(frozen=True, slots=True)
class Visit:
    """What a browser gets when it opens a link."""

    key: str
    """Good to look."""
    hand: str
    """Good to change, together with the key, what a page may change."""


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
        self._hands: dict[str, str] = {}

    def link(self) -> str:
        """Return the code of a link that opens once within :data:`LINK_S`."""
        return self._made(self._links, LINK_S)

    def open(self, code: str) -> Visit | None:
        """Return a new visit; ``None`` for a code that is unknown, used or too old."""
        until = self._links.pop(_digest(code), 0.0)
        if self._ticks() >= until:
            return None
        visit = Visit(self._made(self._visits, VISIT_S), self._mint("", _SIGNS))
        self._hands = {key: hand for key, hand in self._hands.items() if key in self._visits}
        self._hands[_digest(visit.key)] = _digest(visit.hand)
        return visit

    def knows(self, key: str) -> bool:
        """Whether a visit with this key goes on."""
        return self._ticks() < self._visits.get(_digest(key), 0.0)

    def may(self, key: str, hand: str) -> bool:
        """Whether the visit with this key goes on, and this is its hand."""
        kept = self._hands.get(_digest(key), "")
        return self.knows(key) and hmac.compare_digest(kept, _digest(hand))

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
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
