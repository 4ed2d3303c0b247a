"""What each request came to, for the ledger: written down after the last byte."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from standby.core.request import Caller, Request
from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed
from standby.core.wire.json import JSON
from standby.ports import Clock, Dice, Ledger

__all__ = ["SESSION", "Booking", "Books", "Hear", "session_of"]

log = logging.getLogger(__name__)

SESSION: Final = "x-claude-code-session-id"

Hear = Callable[[Entry], None]
"""Is told of each request that has ended; never waits, never fails."""

MOST_SIGNS: Final = 200
"""What a client names, it can make as long as it likes; more of it is kept nowhere."""


def session_of(request: Request) -> str:
    """Return the conversation of a request: Claude Code's session, and its subagent."""
    session = request.header(SESSION) or ""
    agent = request.header("x-claude-code-agent-id") or ""
    named = f"{session}/{agent}" if agent else session
    # What of a header is no UTF-8 could be written nowhere.
    return named.encode(errors="replace").decode()


def _clipped(name: str) -> str:
    return name if len(name) <= MOST_SIGNS else f"{name[: MOST_SIGNS - 1]}…"


@dataclass(slots=True)
class Booking:
    """One request under way; filled in as it goes, by the one task that serves it."""

    at: float
    began: float
    requested: str
    answered: str = ""
    by: str = "nobody"
    why: str = ""
    outcome: str = "ok"
    status: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    first_token_s: float | None = None
    notes: tuple[str, ...] = ()
    """What of the request a local model does not get."""
    chosen: str = ""
    """Why a local model goes before a cloud that could be asked; empty when it does not."""
    explained: Callable[[], Mapping[str, JSON]] | None = None
    """Tells the facts and the votes; ``None`` where nothing had to be decided."""
    saved: bool = False
    """Answered here although the cloud had refused or failed."""
    deeds: tuple[Deed, ...] = ()
    """What the calls in a whole answer from here would change."""
    done: bool = False
    """The answer is complete: a client that goes away after it has missed nothing."""


class Books:
    """Opens a booking for each request, and closes it."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        dice: Dice,
        heard: Sequence[Hear] = (),
        *,
        files: bool = True,
    ) -> None:
        """``files``: which files a local model changes is kept."""
        self._files = files
        self._ledger = ledger
        self._heard = heard
        self._clock = clock
        self._dice = dice

    @contextmanager
    def open(self, request: Request, caller: Caller, model: str) -> Iterator[Booking]:
        """Book what the block comes to; a client that goes away in it is booked as such."""
        booking = Booking(self._clock.now(), self._clock.ticks(), requested=_clipped(model))
        try:
            yield booking
        except BaseException as error:
            if not _left(error):
                booking.outcome = "broken"
            elif not booking.done:
                booking.outcome = "cancelled"
            raise
        finally:
            self._close(booking, request, caller)

    def shown(self, booking: Booking) -> None:
        """Note the first content."""
        if booking.first_token_s is None:
            booking.first_token_s = self._clock.ticks() - booking.began

    def _close(self, booking: Booking, request: Request, caller: Caller) -> None:
        entry = Entry(
            id=self._dice.mint("rq_", 20),
            at=booking.at,
            session=_clipped(session_of(request)),
            account=caller.account,
            requested=booking.requested,
            answered=booking.answered,
            by=booking.by,
            why=booking.why,
            outcome=booking.outcome,
            status=booking.status,
            tokens=booking.tokens,
            first_token_s=booking.first_token_s,
            duration_s=self._clock.ticks() - booking.began,
            # An answer that came from elsewhere in the end has lost nothing.
            notes=booking.notes if booking.by in {"local", "both"} else (),
            project=caller.project,
            saved=booking.saved,
        )
        self._ledger.book(entry)
        if booking.explained is not None:
            self._ledger.decided(entry.id, booking.explained())
        if self._files and booking.deeds and booking.by in {"local", "both"}:
            self._ledger.did(entry.id, booking.deeds)
        for hear in self._heard:
            hear(entry)
        log.info(
            "%s %s: %s by %s (%s), %d, %d+%d tokens, %.1f s%s",
            entry.id,
            entry.requested,
            entry.outcome,
            entry.answered or entry.by,
            entry.why,
            entry.status,
            entry.tokens.input + entry.tokens.cache_read + entry.tokens.cache_write,
            entry.tokens.output,
            entry.duration_s,
            f"; {'; '.join(entry.notes)}" if entry.notes else "",
        )


def _left(error: BaseException) -> bool:
    """Whether this is how a client that goes away shows, alone or in a group of a task group's."""
    if isinstance(error, BaseExceptionGroup):
        return all(_left(each) for each in error.exceptions)
    return isinstance(error, asyncio.CancelledError | ConnectionError)
