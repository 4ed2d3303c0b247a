"""The local engines of this machine: what they offer, in which order, and that it is ready.

Asking all of them takes a few milliseconds when nothing is wrong, and a second and a half when a
server hangs. So what they said is kept: a request gets what is known, and what is stale is renewed
behind its back.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from standby.app.local.watch import Watch
from standby.app.local.windows import Windows
from standby.core.models.facts import LocalModel
from standby.core.models.fit import WANTED_TOKENS
from standby.core.models.health import Health
from standby.ports import Clock, Engine, EngineError, Loadable

__all__ = ["Engines", "Preference", "Startable"]

log = logging.getLogger(__name__)

_FRESH_S: Final = 10.0
# Nobody has asked for so long that what was known is worth less than the wait for an answer.
_STALE_S: Final = 60.0
_ASK_S: Final = 2.5
_READY_S: Final = 130.0
# The server of somebody else has a deadline of its own, which is shorter.
_LOADED_S: Final = 330.0
# It has no way to be told, or knows no such model any more.
_NO_WAY: Final = frozenset({404, 501})
_WELL: Final = Health()


@runtime_checkable
class Startable(Engine, Protocol):
    """An engine of our own, which runs only when it is needed."""

    async def start(self, model: LocalModel) -> LocalModel:
        """Serve the model; return it as it is served. Raise :class:`EngineError`."""
        ...

    async def rest(self) -> bool:
        """End it if nobody has wanted it for long; return whether it was ended."""
        ...

    async def is_deaf(self) -> bool:
        """Whether it runs, and does not even say that it does."""
        ...

    async def turns(self, within_s: float) -> bool:
        """Ask what computes there for a word, which it has between two batches."""
        ...

    async def give_up(self, why: str) -> None:
        """End it because it hangs: whoever waits for it hears why. The next use starts it anew."""
        ...

    async def stop(self) -> None:
        """End it. The next use starts it anew."""
        ...


@dataclass(frozen=True, slots=True)
class Preference:
    """What the user named. Empty strings and ``auto`` leave the choice to us."""

    engine: str = "auto"
    """The name of the engine to use first."""
    model: str = ""
    """The model to use first: its key, its id, or the last part of its id."""
    servers: frozenset[str] = frozenset()
    """The names of servers in the configuration; they go before servers that were found."""
    context: int = 0
    """The window to load a model with, in tokens; 0: what Claude Code works well with."""
    manage: bool = False
    """Whether a model may be loaded beside others on a server that somebody else runs."""


class Engines:
    """Asks the engines, orders what they offer, and starts what does not run yet.

    ``engines`` are in order: where two recognise one server, it belongs to the first; of those that
    we start ourselves, the first goes first.
    """

    def __init__(self, engines: Sequence[Engine], preference: Preference, clock: Clock) -> None:
        self._engines = {engine.name: engine for engine in reversed(engines)}
        self._order = {engine.name: place for place, engine in enumerate(engines)}
        self.preference = preference
        self._clock = clock
        self._known: tuple[LocalModel, ...] = ()
        self._asked_at: float | None = None
        self._doubted = False
        self._health: dict[str, Health] = {}
        """Of those that have failed since they last answered."""
        self._windows = Windows()
        self._loading: dict[str, asyncio.Lock] = {}
        self._asking = asyncio.Lock()
        self._wanted = asyncio.Event()
        self.watch = Watch(self._turns, self._give_up)
        """Sees that they get on with what they are asked."""

    def prefer(self, preference: Preference) -> None:
        """Take another preference, for whoever asks next."""
        self.preference = preference
        self._known = self._ordered(self._known)

    async def candidates(self) -> tuple[LocalModel, ...]:
        """Return what could answer, best first. Waits only when nothing useful is known."""
        age = self._age()
        # Who was away a moment ago may be back: nobody else can answer.
        if age > _STALE_S or self._doubted or not self._known:
            await self.refresh()
        elif age > _FRESH_S:
            self._wanted.set()
        return self._well_first()

    def known(self) -> tuple[LocalModel, ...]:
        """Return what could answer as far as is known; stale knowledge is renewed behind it."""
        if self._doubted or self._age() > _FRESH_S:
            self._wanted.set()
        return self._well_first()

    def _well_first(self) -> tuple[LocalModel, ...]:
        """Return what is known; who has failed too often comes last until its rest is over."""
        if not self._health:
            return self._known
        now = self._clock.ticks()
        return tuple(
            sorted(self._known, key=lambda model: self._health_of(model.engine).rests(now))
        )

    def rests(self, model: LocalModel) -> bool:
        """Whether its engine has failed so often that it is left alone for a while."""
        if not self._health:
            return False
        return self._health_of(model.engine).rests(self._clock.ticks())

    def _health_of(self, engine: str) -> Health:
        return self._health.get(engine, _WELL)

    async def would_take_over(self) -> LocalModel | None:
        """Return the model that would answer if the cloud refused now."""
        return next(iter(await self.candidates()), None)

    async def refresh(self) -> None:
        """Ask all engines now. Callers at the same time share the answer."""
        since = self._clock.ticks()
        async with self._asking:
            if self._asked_at is None or self._asked_at < since or self._doubted:
                await self._ask()

    async def _ask(self) -> None:
        self._doubted = False
        asked: list[asyncio.Task[tuple[LocalModel, ...]]] = []
        try:
            async with asyncio.timeout(_ASK_S), asyncio.TaskGroup() as questions:
                asked += [questions.create_task(each.models()) for each in self._engines.values()]
        except TimeoutError:
            pass  # who has answered by now counts
        before = self._known
        found: list[LocalModel] = []
        for name, task in zip(self._engines, asked, strict=True):
            # A server that is too busy to answer is there all the same: with both cores in a
            # prefill even our own took longer. Whether it is gone shows when it is asked to serve.
            busy = task.cancelled()
            found += [m for m in before if m.engine == name] if busy else task.result()
        self._known = self._ordered(self._windows.corrected(found))
        self._asked_at = self._clock.ticks()

    async def keep_fresh(self) -> None:
        """Renew what is known whenever somebody got stale knowledge, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.refresh()

    async def let_rest(self, every_s: float = 30.0) -> None:
        """End engines of ours that nobody has wanted for long, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            for engine in self._engines.values():
                if isinstance(engine, Startable) and await engine.rest():
                    self._doubted = True
                    log.info("%s was stopped: nobody has needed it for a long time", engine.name)

    def _age(self) -> float:
        return float("inf") if self._asked_at is None else self._clock.ticks() - self._asked_at

    def _ordered(self, found: Sequence[LocalModel]) -> tuple[LocalModel, ...]:
        found = sorted(found, key=lambda model: self._order.get(model.engine, len(self._order)))
        owner: dict[str, str] = {}
        for model in found:
            if model.base_url:
                owner.setdefault(_place(model), model.engine)
        mine = [model for model in found if owner.get(_place(model), model.engine) == model.engine]
        return tuple(sorted(mine, key=self._rank))

    def _rank(self, model: LocalModel) -> tuple[bool | int, ...]:
        """Lower is better; equal ones stay in the order of their engines."""
        chosen = self.preference
        ours = isinstance(self._engines.get(model.engine), Startable)
        return (
            not (chosen.model and _is_named(model, chosen.model)),
            model.engine != chosen.engine,
            model.engine not in chosen.servers,
            ours,
            # Of our own the order decides: one that runs is no better than one that can run.
            self._order.get(model.engine, len(self._order)) if ours else 0,
            not model.loaded,
            {True: 0, None: 1, False: 2}[model.tools],
            -(model.context_tokens or 0),
        )

    def engine_of(self, model: LocalModel) -> Engine:
        """Return the engine that offers a model. Raise :class:`EngineError` if there is none."""
        engine = self._engines.get(model.engine)
        if engine is None:
            raise EngineError(f"there is no engine {model.engine!r}")
        return engine

    async def ready(self, model: LocalModel) -> LocalModel:
        """Return the model as it is served; start our own engine for it if need be.

        Raise :class:`EngineError`. All who ask while it starts wait for the one start.
        """
        engine = self.engine_of(model)
        if model.engine in self._health:
            health = self._health_of(model.engine)
            self._health[model.engine] = health.asked(self._clock.ticks())
        if not isinstance(engine, Startable):
            return await self._with_window(model, engine)
        try:
            async with asyncio.timeout(_READY_S):
                served = await engine.start(model)
        except TimeoutError as error:
            raise EngineError(f"{model.key} was not ready within {_READY_S:.0f} s") from error
        self._known = tuple(served if known.key == model.key else known for known in self._known)
        return served

    async def _with_window(self, model: LocalModel, engine: Engine) -> LocalModel:
        """Load a model that its server would load by itself, but with too small a window.

        What the server holds already stays as it is: where it has another model loaded, this one is
        loaded as the server does it, unless we may manage it. (Decision 0012.)
        """
        if model.loaded or not (isinstance(engine, Loadable) and engine.loads_small):
            return model
        others = any(known.loaded and known.engine == model.engine for known in self._known)
        if others and not self.preference.manage:
            return model
        try:
            return await self.load(model)
        except EngineError as error:
            if error.status in _NO_WAY:
                return model
            raise

    async def load(self, model: LocalModel, context_tokens: int = 0) -> LocalModel:
        """Have its engine load a model; return it as it is served then. Raise :class:`EngineError`.

        All who ask while it loads wait for the one load. ``context_tokens`` is the window wanted;
        0: that of the settings.
        """
        engine = self.engine_of(model)
        if not isinstance(engine, Loadable):
            raise EngineError(f"{model.engine} cannot be told to load a model")
        wanted = context_tokens or self.preference.context or WANTED_TOKENS
        async with self._loading.setdefault(model.engine, asyncio.Lock()):
            # Somebody may have loaded it while we waited, or in the server's own window.
            offered = await engine.models()
            now = next((one for one in offered if one.key == model.key and one.loaded), None)
            if now is not None and not context_tokens:
                return now
            try:
                async with asyncio.timeout(_LOADED_S):
                    served = await engine.load(model, wanted)
            except TimeoutError as error:
                raise EngineError(f"{model.key} was not loaded within {_LOADED_S:.0f} s") from error
        self._known = tuple(served if one.key == model.key else one for one in self._known)
        self._doubted = True
        return served

    async def unload(self, model: LocalModel) -> None:
        """Have its engine give a model's memory back. Raise :class:`EngineError`."""
        engine = self.engine_of(model)
        if not isinstance(engine, Loadable):
            raise EngineError(f"{model.engine} cannot be told to unload a model")
        async with self._loading.setdefault(model.engine, asyncio.Lock()):
            await engine.unload(model)
        self._doubted = True

    def named(self, name: str) -> LocalModel | None:
        """Return the known model of a name: its key, its id, or the last part of its id."""
        return next((model for model in self._known if _is_named(model, name)), None)

    def refused_by(self, model: LocalModel, limit: int) -> None:
        """Note the window by which a model's server has refused a prompt: it said another."""
        other = self._windows.refused(model, limit)
        if other is not None:
            log.warning("%s: %s", model.key, other.remark)
            self._doubted = True  # it may have been started anew, with another model
            self._known = tuple(
                other if (one.key, one.base_url) == (model.key, model.base_url) else one
                for one in self._known
            )

    def served(self, model: LocalModel) -> None:
        """Note that a model's engine gave a whole answer."""
        self._health.pop(model.engine, None)

    def failed(self, model: LocalModel, *, refused: bool = False) -> None:
        """Note that a model's engine failed: who asks next gets what the engines say then.

        ``refused``: it answered, and would not serve this one request.
        """
        if not refused:
            health = self._health_of(model.engine)
            self._health[model.engine] = health.failed(self._clock.ticks())
        if any(known.key == model.key for known in self._known):
            self._doubted = True

    def are_ours(self, model: LocalModel) -> bool:
        """Whether its engine is one that we start."""
        return isinstance(self._engines.get(model.engine), Startable)

    async def silent(self, model: LocalModel) -> None:
        """Note that a model's engine has said nothing for long: one of ours that is deaf is ended.

        Else whoever asks next would wait for it, too.
        """
        engine = self._engines.get(model.engine)
        if isinstance(engine, Startable) and await engine.is_deaf():
            await self._give_up(model, "it hangs: it does not answer at all any more")

    async def _turns(self, model: LocalModel, within_s: float) -> bool:
        """Ask an engine of ours whether what computes there still does anything."""
        engine = self._engines.get(model.engine)
        return isinstance(engine, Startable) and await engine.turns(within_s)

    async def _give_up(self, model: LocalModel, why: str) -> None:
        """End an engine of ours. That of somebody else goes on, whatever it does."""
        log.warning("%s: %s", model.key, why)
        engine = self._engines.get(model.engine)
        if isinstance(engine, Startable):
            await engine.give_up(why)

    def woke(self) -> None:
        """Note that the machine has slept: who was given up may be back, and others gone."""
        self._health.clear()
        self._doubted = True
        self._wanted.set()

    async def stop(self) -> None:
        """End the engines that are ours."""
        async with asyncio.TaskGroup() as ends:
            for engine in self._engines.values():
                if isinstance(engine, Startable):
                    ends.create_task(engine.stop())


def _place(model: LocalModel) -> str:
    """Return where its server is, by whatever name of this machine it was called."""
    return model.base_url.replace("//localhost", "//127.0.0.1")


def _is_named(model: LocalModel, name: str) -> bool:
    wanted = name.lower()
    whole = model.id.lower()
    return wanted in {model.key.lower(), whole, whole.rpartition("/")[2]}
