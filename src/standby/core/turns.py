"""Whose turn it is at a local engine: who gets which of its slots, and who should leave one.

A local engine works on few requests at once, and each slot remembers the prompt that it read last.
So it matters twice who gets one: for the time until it is free, and for the time that it takes to
read a prompt which it could have had in memory. Who waits for what, with which deadline, is the
business of :mod:`standby.app.local.admission`; here is only the order.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

from standby.core.wire.purpose import Purpose

__all__ = ["PATIENCE", "Priority", "Queue", "Schedule", "Seat", "Turn", "goes_on", "priority_of"]

PATIENCE: Final = 8
"""So many later turns of a higher class go before the oldest of a lower one; then that goes."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What is going on at one engine."""

    engine: str
    slots: int
    busy: int
    waiting: int


class Priority(enum.IntEnum):
    """The class of a turn; lower goes first."""

    MAIN = 0
    """A person waits for it."""
    SUBAGENT = 1
    """Work beside the conversation; the person waits for all of it together."""
    SIDE = 2
    """Titles, descriptions and the like."""
    WARM = 3
    """Nobody waits for it. It runs while nobody else does, and leaves as soon as anybody comes: an
    engine that works on two things at once is slower at both."""


_PRIORITIES: Final = {
    Purpose.WORK: Priority.MAIN,
    Purpose.ASIDE: Priority.MAIN,
    Purpose.COMPACTION: Priority.MAIN,  # the conversation cannot go on without it
    Purpose.SUBAGENT: Priority.SUBAGENT,
}
_GO_ON: Final = frozenset({Purpose.WORK, Purpose.ASIDE, Purpose.COMPACTION, Purpose.SUBAGENT})
_PATIENT: Final = (Priority.SIDE, Priority.SUBAGENT)
"""Who waits and is not to wait for ever, last class first."""
_AT_HOME: Final = frozenset({Priority.MAIN, Priority.WARM})
_NEVER: Final = float("-inf")


def priority_of(purpose: Purpose, *, agent: bool = False) -> Priority:
    """Return the class of a request; ``agent``: it comes from a part of the client's own."""
    priority = _PRIORITIES.get(purpose, Priority.SIDE)
    return Priority.SUBAGENT if agent and priority is Priority.MAIN else priority


def goes_on(purpose: Purpose) -> bool:
    """Whether a request begins with its conversation's prompt.

    Else it has one of its own, which would put the conversation's out of its slot.
    """
    return purpose in _GO_ON


@dataclass(frozen=True, slots=True)
class Turn:
    """One request that wants a slot. Times are seconds of a clock that never jumps."""

    key: str
    """Unlike that of any other turn."""
    session: str
    """The conversation whose prompt it goes on with; empty when nobody knows."""
    priority: Priority
    arrived: float
    deadline: float
    """When it is too late for it; held by whoever waits, not here."""

    @property
    def rank(self) -> tuple[int, float, str]:
        """Its place among those who wait; lower goes first."""
        return (self.priority, self.arrived, self.key)


@dataclass(frozen=True, slots=True)
class Seat:
    """One slot of an engine."""

    number: int
    holder: Turn | None = None
    stays: bool = False
    """The holder cannot leave any more: somebody has seen what it said, or it has left before."""
    session: str = ""
    """The conversation whose prompt the slot read last."""
    home: bool = False
    """That is the conversation of a person: others leave it alone while there is another slot."""
    used: float = _NEVER
    """When it was last given away."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The slots of one engine, and who waits for one."""

    size: int
    """How many slots the engine has. One that is held beyond them goes when it is given back."""
    seats: tuple[Seat, ...] = ()
    waiting: frozenset[Turn] = frozenset()
    passed: tuple[int, ...] = (0,) * len(Priority)
    """For each class, how many later turns went before its oldest since one of it went."""

    @classmethod
    def of(cls, size: int) -> Self:
        """Return a schedule of so many free slots, at least one."""
        return cls(1).resized(size)

    def resized(self, size: int) -> Self:
        """Return the schedule for another number of slots: a server may be started anew."""
        size = max(size, 1)
        kept = [seat for seat in self.seats if seat.number < size or seat.holder is not None]
        have = {seat.number for seat in kept}
        kept += [Seat(number) for number in range(size) if number not in have]
        return replace(self, size=size, seats=tuple(sorted(kept, key=lambda seat: seat.number)))

    def joined(self, turn: Turn) -> Self:
        """Return the schedule once a turn waits."""
        return replace(self, waiting=self.waiting | {turn})

    def left(self, turn: Turn) -> Self:
        """Return the schedule once a turn is over, whether it held a slot or waited for one."""
        seats = tuple(
            replace(seat, holder=None, stays=False) if seat.holder == turn else seat
            for seat in self.seats
            if seat.holder != turn or seat.number < self.size
        )
        return replace(self, seats=seats, waiting=self.waiting - {turn})

    def staying(self, turn: Turn) -> Self:
        """Return the schedule once a turn cannot give its slot back before its end."""
        seats = (replace(seat, stays=True) if seat.holder == turn else seat for seat in self.seats)
        return replace(self, seats=tuple(seats))

    def pressed(self) -> Self:
        """Return the schedule once a slot that nobody holds may have lost what it had read."""
        seats = (
            seat if seat.holder is not None else replace(seat, session="", home=False)
            for seat in self.seats
        )
        return replace(self, seats=tuple(seats))

    def order(self) -> tuple[Turn, ...]:
        """Return who waits, next first.

        By class, then by age. The oldest of a class that was passed over too often goes before all
        who came later: so nobody waits for ever, and a person's turn behind no later one.
        """
        ranked = sorted(self.waiting, key=lambda turn: turn.rank)
        for priority in _PATIENT:
            if self.passed[priority] < PATIENCE:
                continue
            oldest = next((turn for turn in ranked if turn.priority is priority), None)
            if oldest is not None and oldest.arrived < ranked[0].arrived:
                ranked.remove(oldest)
                ranked.insert(0, oldest)
        return tuple(ranked)

    def granted(self, now: float) -> tuple[Self, tuple[tuple[Turn, int], ...]]:
        """Return the schedule once all have a slot who can, and who got which, first first."""
        schedule, given = self, list[tuple[Turn, int]]()
        while (found := next(schedule._seatings(), None)) is not None:
            turn, seat = found
            schedule = schedule._seated(turn, seat, now)
            given.append((turn, seat.number))
        return schedule, tuple(given)

    def unwelcome(self) -> frozenset[Turn]:
        """Return the holders whose slot is wanted by somebody of a higher class.

        For each who waits it is one: of the lowest class, and the last to come, which loses least.
        """
        warming = {each for each in self._holders() if each.priority is Priority.WARM}
        alone = len(warming) == len(self._holders())
        asked: set[Turn] = set() if alone else warming
        for turn in self.order():
            lower = (
                (_has_prompt_of(turn, seat), seat.holder.rank, seat.holder)
                for seat in self.seats
                if seat.holder is not None
                and not seat.stays
                and seat.holder not in asked
                and seat.holder.priority > turn.priority
                and self._open_to(turn, seat)
            )
            if (found := max(lower, key=lambda each: each[:2], default=None)) is not None:
                asked.add(found[2])
        return frozenset(asked)

    def remembers(self, session: str) -> bool:
        """Whether a conversation's prompt is the one that some slot read last."""
        return any(seat.session == session != "" for seat in self.seats)

    def _holders(self) -> set[Turn]:
        return {seat.holder for seat in self.seats if seat.holder is not None}

    def _seatings(self) -> Iterator[tuple[Turn, Seat]]:
        """Yield who could sit down now and where, best first."""
        for turn in self.order():
            if turn.priority is Priority.WARM and self._holders():
                continue
            if not self._comes_home_soon(turn):
                free = [
                    seat for seat in self.seats if seat.holder is None and self._open_to(turn, seat)
                ]
                if free:
                    yield turn, min(free, key=lambda seat: _fitness(turn, seat))

    def _comes_home_soon(self, turn: Turn) -> bool:
        """Whether the slot with its prompt is held by one who is about to leave it."""
        return any(
            _has_prompt_of(turn, seat)
            and seat.holder is not None
            and seat.holder.priority is Priority.WARM is not turn.priority
            for seat in self.seats
        )

    def _open_to(self, turn: Turn, seat: Seat) -> bool:
        """Whether a turn may sit there at all: beside the conversations while that is possible."""
        if seat.number >= self.size:
            return False
        if turn.priority is Priority.MAIN or not seat.home or seat.session == turn.session:
            return True
        return all(each.home for each in self.seats)

    def _seated(self, turn: Turn, seat: Seat, now: float) -> Self:
        passed = list(self.passed)
        passed[turn.priority] = 0
        for priority in _PATIENT:
            older = (
                each
                for each in self.waiting
                if each.priority is priority > turn.priority and each.arrived < turn.arrived
            )
            passed[priority] += any(self._open_to(each, seat) for each in older)
        # One that goes out of its class's turn would be sent away again at once.
        by_right = any(each.priority < turn.priority for each in self.waiting)
        taken = Seat(
            seat.number,
            turn,
            stays=by_right and turn.priority is not Priority.WARM,
            session=turn.session,
            home=turn.priority in _AT_HOME,
            used=now,
        )
        seats = tuple(taken if each.number == seat.number else each for each in self.seats)
        return replace(self, seats=seats, waiting=self.waiting - {turn}, passed=tuple(passed))


def _fitness(turn: Turn, seat: Seat) -> tuple[bool, bool, float, int]:
    """Lower is better: where its prompt is, then where nobody's is, then what was used long ago."""
    return (not _has_prompt_of(turn, seat), seat.home, seat.used, seat.number)


def _has_prompt_of(turn: Turn, seat: Seat) -> bool:
    return seat.session == turn.session != ""
