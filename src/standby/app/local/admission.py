"""The way to a slot of a local engine: who waits, how long, and who is asked to leave.

Which of those who wait is next is decided purely, in :mod:`standby.core.turns`. A slot is held from
the moment that the engine is asked until its answer has ended.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from standby.app.local.kept_slots import KeptSlots
from standby.core.models.facts import LocalModel
from standby.core.turns import Priority, Queue, Schedule, Turn
from standby.ports import AnswererError, Clock

__all__ = ["WAIT_S", "Admission", "Slot", "Waits", "WantedError"]

WAIT_S: Final = 1800.0
"""A cold prompt may take a slow machine many minutes, and some may be waiting."""
_NEWEST: Final = 0.3
"""How much the newest turn counts for how long one usually takes."""

Waits = Callable[[int, int, float | None], None]
"""Is told the place of a turn that waits, from 1, how many wait, and about how many seconds it will
be yet; ``None``: nobody knows."""


class WantedError(Exception):
    """A slot is to be given back: somebody of a higher class wants it."""


class Slot:
    """A slot of an engine that is held."""

    def __init__(
        self,
        number: int | None,
        stay: Callable[[], None],
        fills: Callable[[int], None],
        *,
        knows: bool,
    ) -> None:
        self.number = number
        """What the server calls it; ``None`` where a request cannot name it."""
        self.knows = knows
        """The prompt that it read last was this conversation's."""
        self.restored: tuple[int, ...] | None = None
        """What the engine had forgotten, and has again from disk."""
        self.wanted = asyncio.Event()
        """Set once somebody of a higher class wants it. Who warms leaves at once; others, if nobody
        has seen anything of their answer yet."""
        self.stays = False
        self._stay = stay
        self.fills = fills
        """To be told how many tokens the slot has now."""
        self._waiter: asyncio.Task[object] | None = None
        self._called = False

    def stay(self) -> None:
        """Say that it will not be given back before the end: another holder is asked to leave."""
        if not self.stays:
            self.stays = True
            self._stay()

    def want(self) -> None:
        """Say that somebody wants it."""
        self.wanted.set()
        if self._waiter is not None and not self.stays and not self._called:
            self._called = True
            self._waiter.cancel()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Break off the wait in the block, with :class:`WantedError`, when the slot is wanted."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can wait")
        if self.wanted.is_set() and not self.stays:
            raise WantedError
        self._waiter, self._called, cancelling = task, False, task.cancelling()
        try:
            yield
        except asyncio.CancelledError:
            # Whoever else has cancelled the task meanwhile goes first.
            if self._called and task.uncancel() <= cancelling:
                raise WantedError from None
            raise
        finally:
            self._waiter = None


def _untold(_tokens: int) -> None:
    """Know nothing of how others share the memory of a server that is theirs."""


@dataclass(slots=True)
class _Ticket:
    """One who waits, or holds a slot."""

    waits: Waits
    given: asyncio.Future[int]
    slot: Slot | None = None
    knows: bool = False


@dataclass(slots=True)
class _Desk:
    """One engine's schedule, and those in it."""

    schedule: Schedule
    tickets: dict[Turn, _Ticket] = field(default_factory=dict[Turn, _Ticket])
    usual_s: float | None = None
    """How long a slot is usually held."""
    url: str = ""
    filled: dict[int, int] = field(default_factory=dict[int, int])
    """By slot, how many tokens the server at this address has there."""

    def held(self, seconds: float) -> None:
        """Take in how long one was."""
        usual = seconds if self.usual_s is None else self.usual_s
        self.usual_s = usual + _NEWEST * (seconds - usual)

    def fills(self, number: int, tokens: int, model: LocalModel) -> None:
        """Take in what a slot has. All share one window: where it is full, an idle one is emptied.

        llama.cpp does that without a word, and does not say which. Who took it for filled would
        have it read in one go, and all others wait for that.
        """
        if self.url != model.base_url:
            self.url, self.filled = model.base_url, {}
        self.filled[number] = tokens
        if sum(self.filled.values()) <= (model.context_tokens or math.inf):
            return
        self.schedule = self.schedule.pressed()
        held = {seat.number for seat in self.schedule.seats if seat.holder is not None}
        self.filled = {each: has for each, has in self.filled.items() if each in held}

    def left_s(self, place: int) -> float | None:
        """Return about how long who has this place will wait."""
        return None if self.usual_s is None else self.usual_s * place / self.schedule.size


class Admission:
    """Gives the slots of the local engines to those who want one.

    Where a model does not say how many its engine has, it has one. ``slots`` overrules that, 0 does
    not. ``wait_s`` is how long a turn waits at most; ``kept`` brings back what an engine has read.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        slots: int = 0,
        wait_s: float = WAIT_S,
        kept: KeptSlots | None = None,
    ) -> None:
        self.clock = clock
        self._slots = slots
        self._kept = kept
        self.wait_s = wait_s
        """Replaced when the settings are read again; who waits already keeps the old one."""
        self._desks: dict[str, _Desk] = {}
        self._numbers = count(1)

    def turn(self, session: str, priority: Priority) -> Turn:
        """Return a turn that arrives now."""
        now = self.clock.ticks()
        return Turn(f"{next(self._numbers)}", session, priority, now, now + self.wait_s)

    @asynccontextmanager
    async def slot(
        self, model: LocalModel, turn: Turn, waits: Waits = lambda _place, _of, _left_s: None
    ) -> AsyncIterator[Slot]:
        """Wait for a slot of a model's engine; hold it for the block.

        ``waits`` is told whenever the place changes. Raise :class:`AnswererError` when none came
        before the turn's deadline.
        """
        desk = self._desk(model)
        ticket = _Ticket(waits, asyncio.get_running_loop().create_future())
        desk.tickets[turn] = ticket
        desk.schedule = desk.schedule.joined(turn)
        since: float | None = None
        try:
            self._settle(desk)
            number = await self._given(desk, turn, ticket, model)
            since = self.clock.ticks()
            # Of a conversation without a name the server knows best which slot has its prompt.
            known = turn.session != "" or turn.priority is not Priority.MAIN
            named = number if model.pins and known else None
            slot = Slot(
                *(named, lambda: self._stay(desk, turn)),
                (lambda tokens: desk.fills(number, tokens, model)) if model.pins else _untold,
                knows=ticket.knows,
            )
            ticket.slot = slot
            self._settle(desk)  # somebody may want it already
            if self._kept is not None:
                slot.restored = await self._kept.taken(model, turn.session, named)
            yield slot
        finally:
            if self._kept is not None and ticket.slot is not None:
                self._kept.left(model, ticket.slot.number)
            if since is not None and turn.priority is not Priority.WARM:
                desk.held(self.clock.ticks() - since)
            del desk.tickets[turn]
            desk.schedule = desk.schedule.left(turn)
            self._settle(desk)

    def remembers(self, model: LocalModel, session: str) -> bool:
        """Whether a conversation's prompt is the one that a slot of the engine read last."""
        desk = self._desks.get(model.engine)
        return desk is not None and desk.schedule.remembers(session)

    def queues(self) -> tuple[Queue, ...]:
        """Return what is going on at each engine that was asked for anything yet."""
        return tuple(
            Queue(
                engine,
                desk.schedule.size,
                sum(seat.holder is not None for seat in desk.schedule.seats),
                len(desk.schedule.waiting),
            )
            for engine, desk in sorted(self._desks.items())
        )

    def _desk(self, model: LocalModel) -> _Desk:
        size = self._slots or model.slots or 1
        desk = self._desks.get(model.engine)
        if desk is None:
            desk = self._desks[model.engine] = _Desk(Schedule.of(size))
        elif desk.schedule.size != size:
            desk.schedule = desk.schedule.resized(size)
        return desk

    async def _given(self, desk: _Desk, turn: Turn, ticket: _Ticket, model: LocalModel) -> int:
        left_s = turn.deadline - self.clock.ticks()
        try:
            async with asyncio.timeout(None if ticket.given.done() else left_s):
                return await ticket.given
        except TimeoutError:
            size, waiting = desk.schedule.size, len(desk.schedule.waiting)
            raise AnswererError(
                f"{model.engine} is busy: it works on {size} at once, {waiting} wait, and this"
                f" request had no turn within {turn.deadline - turn.arrived:.0f} s"
            ) from None

    def _stay(self, desk: _Desk, turn: Turn) -> None:
        desk.schedule = desk.schedule.staying(turn)
        self._settle(desk)

    def _settle(self, desk: _Desk) -> None:
        """Give away what is free; tell who has to wait, and who is in the way."""
        before = {seat.number: seat.session for seat in desk.schedule.seats}
        desk.schedule, given = desk.schedule.granted(self.clock.ticks())
        for turn, number in given:
            ticket = desk.tickets[turn]
            ticket.knows = before.get(number) == turn.session != ""
            if not ticket.given.done():  # else its waiter is just leaving, and gives it back
                ticket.given.set_result(number)
        for turn in desk.schedule.unwelcome():
            if (slot := desk.tickets[turn].slot) is not None:
                slot.want()
        order = desk.schedule.order()
        for place, turn in enumerate(order, start=1):
            desk.tickets[turn].waits(place, len(order), desk.left_s(place))
