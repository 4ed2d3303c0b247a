"""Hot standby: what a switch would send is read by the local engine before it is needed.

The newest request of each conversation that the cloud answers is kept for minutes, in memory only.
When the cloud may soon not serve, the engine is started and reads those prompts in the background,
turn by turn, in short portions: so whoever really wants the engine has it at once, and what was
read until then is not lost. The request is prepared as a switch would prepare it, so that the
prompt is the same to the last token. Nothing here ever asks the cloud.

Whether to warm, and whom, is decided in :mod:`standby.core.warming`.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from standby.app.cloud.outlook import Outlook
from standby.app.local.admission import Admission, Slot
from standby.app.local.engines import Engines
from standby.app.local.fitting import Fitting, TooLong
from standby.app.local.speeds import Speeds
from standby.app.warming.in_one_piece import one_token
from standby.app.warming.lives import Kept, Live, Lives
from standby.core import warming
from standby.core.models import stalls
from standby.core.models.facts import LocalModel
from standby.core.request import Account, Request
from standby.core.turns import Priority
from standby.core.warming import Pace, Terms, Verdict, Warmth
from standby.core.wire.asked import Asked
from standby.core.wire.json import JSON
from standby.ports import AnswererError, Clock, EngineError, Machine, Reader

__all__ = ["Warming", "WarmingState"]

log = logging.getLogger(__name__)

_LOOK_S: Final = 20.0
"""How often it is looked at whether to warm, when nothing happens."""
_REST_S: Final = 30.0
"""How long an engine that failed is left alone."""
_ASKED_S: Final = 1800.0
"""How long a wish of a person's holds."""
_SURE_S: Final = 600.0
"""An engine that was not used for longer may have gone to sleep, and forgotten all."""
_TOUCH_S: Final = 300.0
"""How often an engine that is warm is used, so that it stays awake."""
_LOADS_S: Final = 2.0
"""How often the load of the machine is looked at while something is read."""
_BYTES: Final = 4
"""Of a request, for each token of its prompt."""


@dataclass(frozen=True, slots=True)
class WarmingState:
    """What the warming does now."""

    warm: bool
    """It warms, or would if there were anything to do."""
    why: str
    model: str
    """The model that is kept warm; empty: none."""
    problem: str
    """Why it does not get on; empty: it does."""
    conversations: tuple[Warmth, ...]


class Warming:
    """Keeps the prompts of live conversations read."""

    def __init__(
        self,
        engines: Engines,
        admission: Admission,
        fitting: Fitting,
        outlook: Outlook,
        machine: Machine,
        clock: Clock,
        terms: Terms | None = None,
        speeds: Speeds | None = None,
    ) -> None:
        self._engines = engines
        self._admission = admission
        self._fitting = fitting
        self._outlook = outlook
        self._machine = machine
        self._clock = clock
        self.terms = terms or Terms()
        """Replaced when the settings are read again."""
        self._speeds = speeds or Speeds()
        self._lives = Lives()
        self._changed = asyncio.Event()
        self._asked_until = 0.0
        self._rests_until = 0.0
        self._pace: dict[str, Pace] = {}
        self._guests = 0
        """How many requests of anybody's are under way."""
        self._heard_at = clock.ticks()
        self._at_work = ""
        self._model: LocalModel | None = None
        self._verdict = Verdict(warm=False, why="nothing has happened yet")
        self._problem = ""

    # -- what it is told ----------------------------------------------------------------------

    @contextmanager
    def attending(self) -> Iterator[None]:
        """Know for the block that somebody is here: he may want the engine next."""
        self._guests += 1
        try:
            yield
        finally:
            self._guests -= 1
            self._heard_at = self._clock.ticks()

    def noted(self, request: Request, account: Account) -> None:
        """Keep a request that goes to the cloud: the next one may be answered here."""
        if self._lives.sent(request, account, self._clock.ticks()):
            self._changed.set()

    def served(
        self,
        request: Request,
        account: Account,
        model: LocalModel,
        read: int | None = None,
        *,
        newest: bool = True,
    ) -> None:
        """Note that a local model was asked, and has read so many tokens; ``None``: all.

        To be told while the slot is still held: else what was read there is read again. Unless it
        is the ``newest`` of the conversation, it was asked beside it, with the same prompt.
        """
        live = self._lives.heard(request, account, self._clock.ticks())
        if live is None:
            return
        if newest:
            live.asked_here(request, model.base_url, read)
        else:
            live.asked_beside(request, model.base_url, read)
        if not live.at_home:
            self._changed.set()

    def trouble(self, why: str) -> None:
        """Note that the cloud has failed a request: it may fail the next one of anybody."""
        self._outlook.trouble(why)
        self._changed.set()

    def ask(self) -> None:
        """Warm for a while, whatever the quota, the battery and the load."""
        self._asked_until = self._clock.ticks() + _ASKED_S
        self._rests_until = 0.0
        self._changed.set()

    def woke(self) -> None:
        """Note that the machine has slept: nobody knows what its engines have kept."""
        for _, live in self._lives:
            live.place = ""
        self._changed.set()

    def state(self) -> WarmingState:
        """Return what it does now."""
        self._lives.forget(self._clock.ticks())
        return WarmingState(
            self._verdict.warm,
            self._verdict.why,
            "" if self._model is None else self._model.key,
            self._problem,
            tuple(self._warmth(session, live) for session, live in self._lives),
        )

    def has_read(self, model: LocalModel) -> bool:
        """Whether a model has read a live conversation to its end."""
        if self._model is None or self._model.key != model.key:
            return False
        return any(self._warmth(session, live).state == "warm" for session, live in self._lives)

    # -- what it does -------------------------------------------------------------------------

    async def run(self) -> None:
        """Warm whenever it is time to, until cancelled."""
        while True:
            self._changed.clear()
            try:
                worked = await self._step()
            except (EngineError, AnswererError, TimeoutError) as error:
                worked = self._failed(str(error) or "the engine took too long")
            except Exception:  # the edge of a background task: requests go on without it
                log.exception("warming failed")
                worked = self._failed("the gateway failed; its log says why")
            if not worked:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._changed.wait()

    def _failed(self, why: str) -> bool:
        if why != self._problem:
            log.info("warming: %s", why)
        self._problem = why
        self._rests_until = self._clock.ticks() + _REST_S
        return False

    async def _step(self) -> bool:
        """Do what is most urgent; return whether there may be more to do."""
        self._lives.forget(self._clock.ticks())
        self._verdict = await self._judged()
        if not self._verdict.warm or self._clock.ticks() < self._rests_until:
            return False
        model = await self._engines.would_take_over()
        if model is None:
            self._problem = "no local model is there"
            return False
        if not (self._lives or self._asked()):
            return False  # nobody is there to be warm for
        self._model = model = await self._engines.ready(model)
        self._problem = ""
        for session, live in self._next(model):
            if await self._warm(session, live, model):
                return True
        return False

    async def _judged(self) -> Verdict:
        load = await self._machine.load()
        return warming.judged(self.terms, load, await self._cloud(), asked=self._asked())

    def _asked(self) -> bool:
        return self._clock.ticks() < self._asked_until

    async def _cloud(self) -> str:
        """Return why the cloud may soon not serve those who are here, in words."""
        here = {live.account for _, live in self._lives}
        return await self._outlook.why(here, self.terms.at, self._reading_s())

    def _reading_s(self) -> float | None:
        """Return how long the longest conversation takes to be read; ``None``: nobody knows."""
        model = self._model or next(iter(self._engines.known()), None)
        if model is None or not self._lives:
            return None
        longest = max(len(live.tokens) or live.size // _BYTES for _, live in self._lives)
        return self._speeds.expected(model, longest)

    def _next(self, model: LocalModel) -> list[tuple[str, Live]]:
        """Return who is to be warm and may not be, in order."""
        known = dict(self._lives)
        ordered = warming.first((session, live.at) for session, live in known.items())
        kept = ordered[: warming.capacity(model)]
        sizes = (len(known[each].tokens) or known[each].size // _BYTES for each in kept)
        kept = kept[: warming.together(sizes, model)]
        return [(each, known[each]) for each in kept if not known[each].at_home]

    async def _warm(self, session: str, live: Live, model: LocalModel) -> bool:
        """Read what is missing of a conversation's prompt; return whether there was anything."""
        if not live.fresh and self._is_warm(session, live, model):
            return False
        asked = live.looked_through()
        if asked is None:
            return False
        engine = self._engines.engine_of(model)
        reader = engine if isinstance(engine, Reader) else None
        if reader is None or live.model != model.key:
            body = await self._prepared(live, asked, model)
            if body is None:
                return False
            tokens = None if reader is None else await reader.prompt(model, body)
            if reader is None or tokens is None:
                return await self._whole(session, live, model, body)
            await self._learn(live, model, tokens)
        turn = self._admission.turn(session, Priority.WARM)
        async with self._admission.slot(model, turn) as slot:
            self._at_work = session
            try:
                return await self._portions(session, live, model, reader, slot)
            finally:
                self._at_work = ""

    async def _learn(self, live: Live, model: LocalModel, tokens: tuple[int, ...]) -> None:
        """Take in a prompt, and how much of it the engine has."""
        had = live.tokens[: live.read]
        if (served := live.served) is not None:
            had = (await self._prompt(served, model))[: live.had]
            if live.served is served:
                live.served = None
        live.tokens, live.model = tokens, model.key
        live.read = warming.common(had, tokens)

    async def _prompt(self, kept: Kept, model: LocalModel) -> tuple[int, ...]:
        """Return the tokens that a request came to when the engine answered it."""
        engine, asked = self._engines.engine_of(model), kept.asked()
        if asked is None or not isinstance(engine, Reader):
            return ()
        ready = await self._fitting.prepared(asked, model)
        if isinstance(ready, TooLong):
            return ()
        return await engine.prompt(model, ready.chat.body) or ()

    async def _prepared(
        self, live: Live, asked: Asked, model: LocalModel
    ) -> Mapping[str, JSON] | None:
        ready = await self._fitting.prepared(asked, model)
        if isinstance(ready, TooLong):
            live.work, live.tokens, live.read = None, (), 0
            self._problem = f"a conversation of {ready.tokens} tokens does not fit the window"
            return None
        return ready.chat.body

    async def _portions(
        self, session: str, live: Live, model: LocalModel, reader: Reader, slot: Slot
    ) -> bool:
        """Read in portions while nobody else wants the engine and nothing newer is there."""
        if live.at_home or live.served is not None or not self._lives.has(session, live):
            return True  # meanwhile it was asked here
        if not (slot.knows and self._is_sure(live, model)):
            live.read = 0
        if slot.restored is not None:
            live.read = warming.common(slot.restored, live.tokens)
        live.place, touched = model.base_url, False
        looked = self._clock.ticks()
        while live.read < len(live.tokens) or not touched:
            await self._portion(live, model, reader, slot)
            touched = True
            if slot.wanted.is_set() or self._changed.is_set() or live.at_home:
                break
            if self._clock.ticks() - looked > _LOADS_S:
                looked, self._verdict = self._clock.ticks(), await self._judged()
                if not self._verdict.warm:
                    break
        return True

    async def _portion(self, live: Live, model: LocalModel, reader: Reader, slot: Slot) -> None:
        pace = self._pace.get(model.key, Pace())
        asked = pace.fits(warming.leisure_s(self._idle_s()))
        to, began = min(live.read + asked, len(live.tokens)), self._clock.ticks()
        # It may have to read all of it anew, and says nothing before its end.
        patience_s = stalls.patience_s(to, self._speeds.expected(model, to) or pace.reads_s(to))
        wait = self._engines.watch.wait(model, patience_s)
        with wait.here():
            new = await reader.read(model, live.tokens[:to], slot.number)
        wait.moved()
        slot.fills(to)
        live.read, live.read_at = to, self._clock.ticks()
        self._pace[model.key] = pace.after(asked, new, live.read_at - began)

    def _idle_s(self) -> float:
        return 0.0 if self._guests else self._clock.ticks() - self._heard_at

    async def _whole(
        self, session: str, live: Live, model: LocalModel, body: Mapping[str, JSON]
    ) -> bool:
        """Have an engine read a prompt that takes it in one piece only: ask for one token."""
        turn = self._admission.turn(session, Priority.WARM)
        async with self._admission.slot(model, turn) as slot:
            if live.at_home or not self._lives.has(session, live):
                return True  # meanwhile it was answered here
            self._at_work = session
            live.tokens, live.model, live.read = (0,), "", 0
            try:
                if await one_token(self._engines.engine_of(model), model, body, slot):
                    live.read, live.model = 1, model.key
                    live.place, live.read_at = model.base_url, self._clock.ticks()
            finally:
                self._at_work = ""
        return True

    # -- what is known ------------------------------------------------------------------------

    def _is_sure(self, live: Live, model: LocalModel) -> bool:
        """Whether the engine can be expected to be awake since, and the same."""
        awake = self._clock.ticks() - live.read_at < _SURE_S
        return awake and live.place == model.base_url

    def _is_warm(self, session: str, live: Live, model: LocalModel) -> bool:
        """Whether there is nothing to read, nor to touch so that the engine stays awake."""
        return (
            live.model == model.key
            and live.read == len(live.tokens)
            and live.place == model.base_url
            and self._clock.ticks() - live.read_at < _TOUCH_S
            and self._admission.remembers(model, session)
        )

    def _warmth(self, session: str, live: Live) -> Warmth:
        model = self._model
        there = (
            model is not None
            and self._is_sure(live, model)
            and self._admission.remembers(model, session)
        )
        if live.at_home:
            return Warmth(session, int(there), 1)
        tokens, read = len(live.tokens), live.read if there else 0
        # What has been said since is not read: how much that is, nobody has counted.
        stale = bool(live.fresh) and read == tokens > 0
        return Warmth(session, read - stale, tokens, at_work=self._at_work == session)
