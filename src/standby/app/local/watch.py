"""Sees that engines get on with what they are asked, and ends those of ours that hang.

llama.cpp goes on sending comments while what computes stands still: another thread sends them. So
what counts is what an answer gets; and where that is nothing for long, what computes is asked
itself, since a model may write what its server holds back until it is whole. An engine computes for
all who ask it at once, so a sign for one of them is one for all. What passes is counted in looks,
not by a clock: while the machine sleeps, or this process is stopped, nobody looks.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from standby.app.closing import closing
from standby.app.deadlines import SilenceError
from standby.core.models.facts import LocalModel

__all__ = ["EVERY_S", "Wait", "Watch"]

T = TypeVar("T")

EVERY_S: Final = 10.0
"""How often it is looked."""
_DOUBTED: Final = 0.2
"""Of how long it may work without a sign, how long it has for a word: more than a batch takes."""


@dataclass(eq=False, slots=True)
class _Work:
    """What a server does for all who ask it."""

    model: LocalModel
    waits: list["Wait"] = field(default_factory=list["Wait"])
    """Those who wait for it at this moment, and not for their own client."""
    quiet_s: float = 0.0
    """How long it was waited for since its last sign of getting on."""


class Wait:
    """One who asks an engine."""

    def __init__(self, work: _Work, patience_s: float) -> None:
        self.patience_s = patience_s
        """How long it may work for this one without a sign."""
        self.hangs = ""
        """Why it is not waited for any more; empty: it is."""
        self._work = work
        self._sign: object = None

    def saw(self, sign: object) -> None:
        """Take in what was got; the engine gets on if it is another than before."""
        if sign != self._sign:
            self._sign = sign
            self.moved()

    def moved(self) -> None:
        """Note that the engine gets on."""
        self._work.quiet_s = 0.0

    @contextmanager
    def here(self) -> Iterator[None]:
        """Wait for the engine in the block."""
        self._work.waits.append(self)
        try:
            yield
        finally:
            self._work.waits.remove(self)

    async def over(self, items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """Yield what comes. Raise :class:`SilenceError` once the engine is taken to hang."""
        async with closing(items):
            while True:
                try:
                    with self.here():
                        item = await anext(items)
                except StopAsyncIteration:
                    return
                if self.hangs:
                    raise SilenceError(self.hangs)
                yield item


class Watch:
    """Knows who waits for which engine.

    ``turns`` says whether one of ours still does anything, within so many seconds; ``give_up`` ends
    one of ours, and nobody else's.
    """

    def __init__(
        self,
        turns: Callable[[LocalModel, float], Awaitable[bool]],
        give_up: Callable[[LocalModel, str], Awaitable[None]],
    ) -> None:
        self._turns = turns
        self._give_up = give_up
        self._works: dict[str, _Work] = {}

    def wait(self, model: LocalModel, patience_s: float) -> Wait:
        """Return a wait for an engine that may work for so long without a sign, in seconds."""
        work = self._works.get(model.engine)
        if work is None or work.model.base_url != model.base_url:  # it was started anew
            work = self._works[model.engine] = _Work(model)
        return Wait(work, patience_s)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Take in that it was waited for :data:`EVERY_S` more."""
        for work in [*self._works.values()]:
            if work.waits:
                work.quiet_s += EVERY_S
                patience_s = max(wait.patience_s for wait in work.waits)
                if work.quiet_s > patience_s:
                    await self._doubt(work, patience_s)

    async def _doubt(self, work: _Work, patience_s: float) -> None:
        """Ask it whether it does anything; end it if it does not."""
        quiet_s = work.quiet_s
        does = await self._turns(work.model, patience_s * _DOUBTED)
        if does or work.quiet_s < quiet_s:
            work.quiet_s = 0.0
            return
        why = f"it hangs: nothing came of its work for {quiet_s / 60:.0f} min"
        work.quiet_s = 0.0
        for wait in work.waits:
            wait.hangs = why
        await self._give_up(work.model, why)
