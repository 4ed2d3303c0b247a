"""Compares settings of our own engine, within a time: the computed ones and others beside them.

What is tried, when a trial is given up and what counts as better is decided in
:mod:`standby.core.models.trials`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from standby.app.bench import Bench, Told
from standby.core.models.facts import LocalModel
from standby.core.models.measured import Figures, Measured
from standby.core.models.speed import Progress, Speed
from standby.core.models.trials import (
    Size,
    Trial,
    Tried,
    affordable,
    better,
    hopeless,
    steady,
    together,
    trials,
)
from standby.core.models.tuned import Proposal
from standby.core.models.tuning import Tuning
from standby.ports import Clock, EngineError

__all__ = ["Bed", "Comparing", "Outcome", "Serve"]

# Beside the trials: the computed settings, all that was better at once, and both sides once more.
_BESIDE: Final = 4
_AS_COMPUTED: Final = "the computed settings once more"
_NO_TIME: Final = "the time was over"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, as it is run and as it might be."""

    measured: Measured
    tried: tuple[Tried, ...] = ()
    left: tuple[str, ...] = ()
    """Trials for which there was no time."""
    proposal: Proposal | None = None
    doubt: str = ""
    """Why what looked better is not proposed; empty: nothing did, or it is."""
    done: bool = False
    """It came to its end."""


@dataclass(frozen=True, slots=True)
class Bed:
    """An engine that runs with certain settings, for one measurement."""

    bench: Bench
    model: LocalModel
    about: tuple[str, str]
    """The version of the engine, and the machine."""
    memory: Callable[[], int | None]
    tuning: Callable[[], Tuning]
    """What it runs with. Raises :class:`EngineError` where it is run by somebody else."""


Serve = Callable[[Tuning | None], AbstractAsyncContextManager[Bed]]
"""Runs the engine with settings for a block; ``None``: with the computed ones."""


class HopelessError(Exception):
    """A trial cannot win any more."""


@dataclass(slots=True)
class _Course:
    """How one prompt was read."""

    along: list[Progress] = field(default_factory=list[Progress])


class Comparing:
    """Measures the computed settings, then others, and says what to do about it."""

    def __init__(
        self,
        serve: Serve,
        clock: Clock,
        told: Told,
        found: Callable[[Outcome], Awaitable[None]],
        cores: int,
        drafters: Sequence[str],
        seconds: float,
    ) -> None:
        """``found`` is told what there is after each measurement. ``seconds``: for all of it.

        ``drafters``: small models that may guess for this one, by their names.
        """
        self._serve = serve
        self._clock = clock
        self._told = told
        self._found = found
        self._others = partial(trials, cores=cores, drafters=drafters)
        self._until = clock.ticks() + seconds
        self._each_s = seconds / (len(list(self._others(Tuning(0)))) + _BESIDE)
        self._size = Size(0, 0)

    async def run(self, tokens: int) -> Outcome:
        """Compare with a prompt of so many tokens at most. Raise :class:`EngineError`."""
        course = _Course()
        async with self._serve(None) as bed:
            measured = await bed.bench.run(
                *(bed.model, tokens, bed.about, bed.memory, course.along.append, self._room)
            )
            chosen = bed.tuning()
        outcome = await self._trials(Outcome(measured), list(self._others(chosen)), course)
        winners = [one.trial for one in better(measured.figures, outcome.tried)]
        if (whole := together(chosen, winners)) is not None:
            outcome = await self._trials(outcome, [whole], course)
        outcome = replace(await self._proposed(outcome, chosen, course), done=True)
        await self._found(outcome)
        return outcome

    def _room(self, speed: Speed, rate: float, wanted: Size, load_s: float) -> Size:
        self._size = size = affordable(speed, rate, wanted, load_s, self._each_s)
        if size.tokens < wanted.tokens:
            self._told(f"a prompt of {size.tokens:,} tokens, so that there is time for all", 0.0)
        return size

    async def _trials(self, outcome: Outcome, todo: Sequence[Trial], course: _Course) -> Outcome:
        await self._found(outcome)
        for place, trial in enumerate(todo):
            spare_s = self._spare_s(outcome)
            if self._left_s() <= spare_s:
                names = tuple(one.name for one in todo[place:])
                return replace(outcome, left=(*outcome.left, *names))
            one = await self._try(trial, outcome.measured.figures, course, spare_s)
            outcome = replace(outcome, tried=(*outcome.tried, one))
            await self._found(outcome)
        return outcome

    def _spare_s(self, outcome: Outcome) -> float:
        """Return the time that is kept to measure what looks better a second time."""
        return 2 * self._each_s if better(outcome.measured.figures, outcome.tried) else 0.0

    async def _try(
        self, trial: Trial, chosen: Figures, course: _Course, spare_s: float = 0.0
    ) -> Tried:
        left_s = self._left_s() - spare_s
        if left_s <= 0:
            return Tried(trial, None, _NO_TIME)
        self._told(f"trying {trial.name}", 0.0)

        def along(now: Progress) -> None:
            if slower := hopeless(chosen, course.along, now):
                part = now.processed / now.total
                raise HopelessError(f"{slower:.1f} times slower: given up at {part:.0%}")

        try:
            async with asyncio.timeout(left_s), self._serve(trial.tuning) as bed:
                return Tried(trial, await bed.bench.cold(bed.model, self._size, along))
        except HopelessError as why:
            return Tried(trial, None, str(why))
        except TimeoutError:
            return Tried(trial, None, _NO_TIME)
        except EngineError as error:
            return Tried(trial, None, f"it does not work: {error}")

    async def _proposed(self, outcome: Outcome, chosen: Tuning, course: _Course) -> Outcome:
        """Measure both sides once more, so that no chance is proposed."""
        measured = outcome.measured
        best = next(iter(better(measured.figures, outcome.tried)), None)
        if best is None or best.figures is None:
            return outcome
        before = await self._try(Trial(_AS_COMPUTED, chosen), measured.figures, course)
        after = await self._try(best.trial, measured.figures, course)
        if before.figures is None or after.figures is None:
            doubt = before.ended if before.figures is None else after.ended
            return replace(outcome, doubt=f"{best.trial.name} was not measured twice: {doubt}")
        proved = steady((measured.figures, before.figures), (best.figures, after.figures))
        if proved is None:
            return replace(outcome, doubt=f"{best.trial.name} was not better the second time")
        proposal = Proposal(
            *(measured.model, measured.engine_version, measured.machine, best.trial.tuning),
            *(self._clock.now(), measured.cold.cached + measured.cold.read, *proved),
        )
        return replace(outcome, proposal=proposal)

    def _left_s(self) -> float:
        return self._until - self._clock.ticks()
