"""The conversations that are alive: the newest request of each, in memory only, for minutes.

What is read of them by whom is the business of :mod:`standby.app.warming.warm`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from standby.app.bookkeeping import session_of
from standby.core.request import Account, Headers, Request
from standby.core.wire import asked as asking
from standby.core.wire.asked import Asked, Purpose

__all__ = ["KEPT_S", "MOST_BYTES", "Kept", "Live", "Lives"]

KEPT_S: Final = 1800.0
"""How long a conversation that says nothing is kept."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""How much all requests that are kept may come to; the oldest go first."""
_MOST: Final = 4
"""Of one conversation: titles and the like come between its turns, and are known when read."""
_WORK: Final = frozenset({Purpose.WORK, Purpose.SUBAGENT})
_CLASSES: Final = "x-claude-code-"
"""How the headers begin that tell what a request is for; no other is kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A request as it came, less the headers that it does not take to know what it is for."""

    body: bytes
    headers: Headers

    @classmethod
    def of(cls, request: Request) -> "Kept":
        """Return what is kept of a request."""
        lines = (line for line in request.headers if line[0].lower().startswith(_CLASSES))
        return cls(request.body, tuple(lines))

    def asked(self) -> Asked | None:
        """Return what it asks for; ``None``: it is not well-formed."""
        read = asking.read(self.body, self.headers)
        return read if isinstance(read, Asked) else None


@dataclass(slots=True)
class Live:
    """A conversation, and how far an engine has read its prompt."""

    account: Account
    at: float = 0.0
    """When it was last heard of."""
    fresh: list[Kept] = field(default_factory=list[Kept])
    """Requests that nobody has looked at yet, newest last."""
    work: Kept | None = None
    """The newest that is work, of those that were looked at."""
    model: str = ""
    """The model that ``tokens`` are for; empty: nobody has counted yet."""
    tokens: tuple[int, ...] = ()
    """The prompt that ``work`` comes to."""
    read: int = 0
    """So many of them the engine has."""
    read_at: float = 0.0
    place: str = ""
    """Where the engine is that has them."""
    served: Kept | None = None
    """The request that this engine was asked itself; its prompt is the one that it has."""
    had: int | None = None
    """So many tokens of that prompt it has read; ``None``: all."""
    at_home: bool = False
    """That was the newest, and it was read whole: there is nothing to read."""

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        kept = (*self.fresh, *(each for each in (self.work, self.served) if each is not None))
        return sum(len(each.body) for each in kept)

    def looked_through(self) -> Asked | None:
        """Return the newest request that is work; what is older is not kept any longer."""
        for kept in reversed(self.fresh):
            asked = kept.asked()
            if asked is not None and asked.purpose in _WORK:
                self.work, self.model, self.fresh = kept, "", []
                return asked
        self.fresh = []
        return None if self.work is None else self.work.asked()

    def asked_here(self, request: Request, place: str, tokens: int | None) -> None:
        """Take in that the engine at a place has read so much of a request; ``None``: all."""
        self.asked_beside(request, place, tokens)
        self.at_home = tokens is None
        self.fresh, self.work = [] if self.at_home else [Kept.of(request)], None

    def asked_beside(self, request: Request, place: str, tokens: int | None) -> None:
        """Take in as much of what goes on with its prompt, and is none of its turns."""
        self.served, self.had = Kept.of(request), tokens
        self.model, self.tokens, self.read = "", (), 0
        self.place, self.read_at = place, self.at


class Lives:
    """The live conversations, by their names."""

    def __init__(self) -> None:
        self._all: dict[str, Live] = {}
        """The one longest silent first."""

    def heard(self, request: Request, account: Account, now: float) -> Live | None:
        """Return the conversation of a request; ``None``: it names none. ``now`` is of a clock
        that never jumps."""
        session = session_of(request)
        if not session:
            return None
        live = self._all.pop(session, None) or Live(account)
        live.at, live.account = now, account
        self._all[session] = live
        return live

    def sent(self, request: Request, account: Account, now: float) -> bool:
        """Keep a request that goes to the cloud; return whether it belongs to a conversation.

        It takes microseconds: the request is not read.
        """
        live = self.heard(request, account, now)
        if live is None:
            return False
        live.fresh = [*live.fresh, Kept.of(request)][-_MOST:]
        live.at_home = False
        self.forget(now)
        return True

    def forget(self, now: float) -> None:
        """Forget who has said nothing for long, and the oldest when it is too much."""
        for session in [name for name, live in self._all.items() if now - live.at > KEPT_S]:
            del self._all[session]
        size = sum(live.size for live in self._all.values())
        for session in [*self._all]:
            if size <= MOST_BYTES:
                break
            size -= self._all.pop(session).size

    def __iter__(self) -> Iterator[tuple[str, Live]]:
        """Yield all of them with their names, the newest first."""
        yield from reversed(self._all.items())

    def __len__(self) -> int:
        return len(self._all)

    def has(self, session: str, live: Live) -> bool:
        """Whether this is still what is known of a conversation."""
        return self._all.get(session) is live
