"""Conversations that an engine has read, kept on disk so that they outlive the engine.

Who sits in which slot is told by the admission. What nobody has used for a while is saved, before
the engine goes to sleep or is ended, and what was used since when the gateway ends. Whoever gets a
slot whose engine has forgotten his conversation finds it restored. Whatever fails, it is as if
nothing had been kept: the prompt is read again. Names and files are the engine's business.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from standby.app.local.engines import Engines
from standby.core.models.facts import LocalModel
from standby.ports import Clock, EngineError, Keeper

__all__ = ["IDLE_S", "LAST_S", "KeptSlots"]

log = logging.getLogger(__name__)

IDLE_S: Final = 600.0
"""After so long without a request a slot is saved: longer than an engine that is kept warm is left
alone, so that it is not written again and again."""
LAST_S: Final = 2.0
"""How much later the gateway ends for it, at most."""
_LOOK_S: Final = 20.0
_SAVE_S: Final = 30.0
_RESTORE_S: Final = 10.0


@dataclass(slots=True)
class _Seat:
    """A slot, and who used it last."""

    model: LocalModel
    session: str
    at: float
    """When it was last taken or left."""
    held: bool = True
    saved: bool = False
    """What it holds is on disk, or could not be brought there."""


class KeptSlots:
    """Has engines of ours save and restore what they have read.

    ``tidy`` puts away what was kept for too long, and may block. ``sleep_s`` and
    ``stop_s`` say after how long without a request they forget it; 0: never.
    """

    def __init__(
        self,
        engines: Engines,
        clock: Clock,
        tidy: Callable[[], None] = lambda: None,
        *,
        sleep_s: float = 0.0,
        stop_s: float = 0.0,
    ) -> None:
        self._tidy = tidy
        self._engines = engines
        self._clock = clock
        self._awake_s = min((limit for limit in (sleep_s, stop_s) if limit), default=math.inf)
        self._idle_s = min(IDLE_S, self._awake_s / 2)
        self._seats: dict[tuple[str, int], _Seat] = {}

    async def taken(
        self, model: LocalModel, session: str, number: int | None
    ) -> tuple[int, ...] | None:
        """Note who has got a slot; return the tokens that were restored there, if any were."""
        if number is None:
            return None
        place, now = (model.engine, number), self._clock.ticks()
        before = self._seats.get(place)
        self._seats[place] = seat = _Seat(model, session, now)
        if not _is_kept(session) or (before is not None and self._has(before, seat)):
            return None
        return await self._restored(seat, number)

    def left(self, model: LocalModel, number: int | None) -> None:
        """Note that a slot was given back."""
        seat = None if number is None else self._seats.get((model.engine, number))
        if seat is not None:
            seat.held, seat.at = False, self._clock.ticks()

    async def keep(self) -> None:
        """Save what nobody uses, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Save what nobody has used for a while, and put away what is old."""
        try:
            await asyncio.to_thread(self._tidy)
        except OSError as error:
            log.warning("what was kept is not put away: %s", error)
        for number, seat in self._unsaved():
            if self._clock.ticks() - seat.at >= self._idle_s:
                await self._save(seat, number, _SAVE_S)

    async def last(self) -> None:
        """Save what was used since, the newest first, as far as there is time."""
        ends = self._clock.ticks() + LAST_S
        for number, seat in self._unsaved():
            if (left_s := ends - self._clock.ticks()) > 0:
                await self._save(seat, number, left_s)

    def _unsaved(self) -> list[tuple[int, _Seat]]:
        """Return what is worth saving, and known to be there still."""
        now = self._clock.ticks()
        found = [
            (number, seat)
            for (_, number), seat in self._seats.items()
            if _is_kept(seat.session)
            and not (seat.held or seat.saved)
            and now - seat.at < self._awake_s
        ]
        return sorted(found, key=lambda each: -each[1].at)

    def _has(self, before: _Seat, now: _Seat) -> bool:
        """Whether the slot can be expected to hold the conversation still, or more than is kept."""
        same = (before.session, before.model.base_url) == (now.session, now.model.base_url)
        return same and not (before.saved and now.at - before.at >= self._awake_s)

    async def _save(self, seat: _Seat, number: int, within_s: float) -> None:
        seat.saved = True  # tried once: what fails now would fail again
        engine = self._engines.engine_of(seat.model)
        if not isinstance(engine, Keeper):
            return
        try:
            async with asyncio.timeout(within_s):
                tokens = await engine.save_slot(seat.model, number, seat.session)
        except (EngineError, OSError) as error:  # a TimeoutError is one of these
            log.warning("what %s has read is not kept: %s", seat.model.key, _words(error))
        else:
            if tokens:
                log.info("%d tokens that %s has read are kept", tokens, seat.model.key)

    async def _restored(self, seat: _Seat, number: int) -> tuple[int, ...] | None:
        engine = self._engines.engine_of(seat.model)
        if not isinstance(engine, Keeper):
            return None
        try:
            async with asyncio.timeout(_RESTORE_S):
                tokens = await engine.restore_slot(seat.model, number, seat.session)
        except (EngineError, OSError) as error:
            log.warning("%s begins cold: %s", seat.model.key, _words(error))
            return None
        if tokens:
            log.info("%s has %d tokens again that it had read", seat.model.key, len(tokens))
        return tokens or None


def _is_kept(session: str) -> bool:
    """Whether it is the conversation of a person: those of subagents end by themselves."""
    return session != "" and "/" not in session


def _words(error: Exception) -> str:
    return str(error) or "it took too long"
