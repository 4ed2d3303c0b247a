"""A local server that the gateway starts itself: one process, supervised, and asked like any other.

What its program is and takes is in the file of its kind; how a server is asked is in
:mod:`standby.adapters.engines.chat`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from aiohttp import ClientSession, ClientTimeout

from standby.adapters.child import Child
from standby.adapters.engines.chat import ChatServer, Patience
from standby.adapters.engines.launch import (
    Launch,
    Learn,
    Lesson,
    Pause,
    Plan,
    SlotStore,
    StartError,
    learn_nothing,
)
from standby.adapters.engines.slots import restored, saved
from standby.adapters.engines.spec import (
    Answer,
    EngineSpec,
    advised,
    ask,
    good,
    is_loopback,
    llama_models,
)
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Trouble, recognise
from standby.core.redact import Secret
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.ports import EngineError

__all__ = ["StartedServer", "as_planned"]

log = logging.getLogger(__name__)

_START_S: Final = 120.0
_POLL_S: Final = 0.1
# How long to wait for the end of a process whose connection broke, to tell why.
_LAST_WORDS_S: Final = 1.0
# One that died while nobody asked it shows it at once; what takes longer, it may have died of.
_STALE_S: Final = 1.0
# As computed instead of as measured, another port, and twice with less memory.
_MOST_WAYS: Final = 5
_SERVER_ERROR: Final = 500
_GOOD: Final = 200
# Threads that do nothing else answer this. On a busy machine it took them two seconds and a half.
_HEALTH: Final = "/health"
_HEARS_S: Final = 10.0
# The one page without an effect, on by default, that the thread which computes has to answer.
_ADAPTERS: Final = "/lora-adapters"


class StartedServer:
    """A llama.cpp server of our own: started when it is first needed, and again after a crash.

    All who need it while it starts wait for the one start; whoever gives up waiting does not stop
    it. A server that fails again and again is left alone for longer and longer, up to a minute.
    """

    def __init__(
        self,
        spec: EngineSpec,
        client: ClientSession,
        offer: Callable[[], Awaitable[LocalModel | None]],
        launch: Callable[[LocalModel], Awaitable[Launch]],
        patience: Patience | None = None,
        stop_s: float = 0.0,
        learn: Learn = learn_nothing,
        kept: SlotStore | None = None,
    ) -> None:
        """``offer`` says what would be served; ``launch`` how to start that.

        ``learn`` is told of each failure, before it is started again. After ``stop_s`` without an
        answer :meth:`rest` ends it; 0: never. ``kept`` is where what it has read is kept.
        """
        self.spec = spec
        self._client = client
        self._offer = offer
        self._launch = launch
        self._learn = learn
        self._kept = kept
        self._patience = patience
        self._lock = asyncio.Lock()
        self._pause = Pause()
        self._child: Child | None = None
        self._started: Launch | None = None
        self._wanted: LocalModel | None = None
        self._running: LocalModel | None = None
        self._since = 0.0
        self._stop_s = stop_s
        self._answers = 0
        """How many run."""
        self._used = 0.0
        """When the last one ended, or the server was last wanted."""

    @property
    def name(self) -> str:
        """The name by which it is chosen."""
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """The process id of the server, while there is one."""
        return self._child.pid if self._child is not None and self._child.alive else None

    async def models(self) -> tuple[LocalModel, ...]:
        """Return what it serves, or would serve when started. Never raises."""
        offered = await self._offer()
        if offered is None:
            return ()
        return (self._as_running(offered) or offered,)

    async def start(self, model: LocalModel) -> LocalModel:
        """Serve this model; return it as it is served. Raise :class:`EngineError`."""
        self._used = asyncio.get_running_loop().time()
        running = self._as_running(model)
        if running is not None:
            return running
        async with self._lock:
            running = self._as_running(model)
            if running is not None:
                return running
            await self._clear(model)
            return await self._in_some_way(model)

    async def _in_some_way(self, model: LocalModel) -> LocalModel:
        """Start it; where it does not start and that taught something, otherwise."""
        for way in range(_MOST_WAYS):
            try:
                return await self._in_this_way(model)
            except StartError as error:
                lesson = await self._taught(model, error.why, error.body)
                if lesson.otherwise and way + 1 < _MOST_WAYS:
                    log.warning("%s; %s", error, lesson.otherwise)
                    continue
                self._pause.failed(error.why)
                why = advised(self.spec, str(error), error.body.decode(errors="replace"))
                words = f"; {lesson.words}" if lesson.words else ""
                raise EngineError(f"{why}{words}", body=error.body) from error
        raise EngineError(f"{self.spec.title} could not be started")

    async def _in_this_way(self, model: LocalModel) -> LocalModel:
        if self._child is None:
            await self._spawn(model)
        child, started = self._child, self._started
        if child is None or started is None:
            raise EngineError(f"{self.spec.title} was stopped")
        self._running = await self._until_ready(child, started, model)
        return self._running

    async def _taught(self, model: LocalModel, why: str, said: bytes) -> Lesson:
        sign = recognise(self.spec.signs, f"{why}\n{said.decode(errors='replace')}")
        return await self._learn(model, None if sign is None else sign.trouble)

    def _as_running(self, model: LocalModel) -> LocalModel | None:
        if self._child is None or not self._child.serves or self._running is None:
            return None
        return self._running if self._running.id == model.id else None

    async def _clear(self, model: LocalModel) -> None:
        """Put away a server that has crashed, or that serves something else."""
        child = self._child
        if child is None:
            return
        if not child.serves:
            ran_s = asyncio.get_running_loop().time() - self._since
            lesson = await self._taught(model, child.epitaph(), child.tail)
            if lesson.otherwise:
                log.warning("%s: %s; %s", self.spec.title, child.epitaph(), lesson.otherwise)
            self._pause.failed(child.epitaph(), ran_s)
            await self.stop()
        elif self._wanted is not None and self._wanted.id != model.id:
            await self.stop()

    async def _spawn(self, model: LocalModel) -> None:
        self._pause.check(self.spec.title)
        self._started = await self._launch(model)
        try:
            self._child = await Child.spawn(self._started.argv, self._started.environment)
        except OSError as error:
            raise self._failed(str(error) or type(error).__name__) from error
        self._wanted, self._since = model, asyncio.get_running_loop().time()

    async def _until_ready(self, child: Child, started: Launch, model: LocalModel) -> LocalModel:
        try:
            async with asyncio.timeout_at(self._since + _START_S):
                url = started.url or await _printed_address(child)
                found = await self._until_healthy(child, url, started.key)
        except TimeoutError as error:
            await child.stop()
            raise self._failed(f"it was not ready within {_START_S:.0f} s", child) from error
        if found is None:
            await child.stop()
            raise self._failed(child.epitaph(), child)
        return replace(
            found,
            engine=self.name,
            id=model.id,
            base_url=url,
            rehearsal=model.rehearsal,
            pins=self.spec.pins,
            settings=started.settings,
            tuned=started.tuned,
            remark=started.remark,
        )

    async def _until_healthy(self, child: Child, url: str, key: Secret) -> LocalModel | None:
        """Wait until it serves; return what. ``None``: it has ended."""
        while url and child.alive:
            with contextlib.suppress(TimeoutError):  # busy loading: ask again
                props = good(await ask(self._client, f"{url}/props", key))
                listed = good(await ask(self._client, f"{url}/v1/models", key))
                found = llama_models(self.name, url, props, listed)
                if found:
                    return found[0]
            await child.ended(_POLL_S)
        await child.ended(_LAST_WORDS_S)
        return None

    def _failed(self, why: str, child: Child | None = None) -> StartError:
        """Put away what did not start, and return the error that tells of it."""
        self._child, self._running = None, None
        return StartError(self.spec.title, why, child.tail if child else b"")

    async def chat(
        self, model: LocalModel, body: Mapping[str, JSON]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a streamed chat completion; start the server if need be.

        Raise :class:`EngineError`; when the server has crashed, with the last it said. One that had
        died before it was asked is started anew.
        """
        ran = self._as_running(model) is not None
        running = await self.start(model)
        child, server = self._child, self._server(running)
        asked_at, said = asyncio.get_running_loop().time(), False
        try:
            with self._answering():
                async with contextlib.aclosing(server.chat(running, body)) as answer:
                    async for data in answer:
                        said = True
                        yield data
                    return
        except EngineError as error:
            at_once = asyncio.get_running_loop().time() - asked_at < _STALE_S
            if error.status:
                await self._out_of_memory(model, error)
                raise
            # One with much memory takes a while to be gone.
            if child is None or not (child.ended_for or await child.ended(_LAST_WORDS_S)):
                raise
            if said or not (ran and at_once):
                words = f"{self.spec.title}: {child.epitaph()}"
                tail = child.tail.decode(errors="replace")
                raise EngineError(advised(self.spec, words, tail), body=child.tail) from error
        async with contextlib.aclosing(self.chat(model, body)) as answer:
            async for data in answer:
                yield data

    async def _out_of_memory(self, model: LocalModel, error: EngineError) -> None:
        """End one whose memory has ended: the next use starts it with less."""
        sign = recognise(self.spec.signs, f"{error}\n{error.body.decode(errors='replace')}")
        if error.status < _SERVER_ERROR or sign is None or sign.trouble is not Trouble.MEMORY:
            return
        lesson = await self._learn(model, sign.trouble)
        if lesson.otherwise:
            log.warning("%s; %s", error, lesson.otherwise)
            await self.stop()

    async def count(self, model: LocalModel, body: Mapping[str, JSON]) -> int | None:
        """Return how many tokens the prompt has; ``None`` while the server does not run."""
        running = self._as_running(model)
        return None if running is None else await self._server(running).count(running, body)

    async def prompt(self, model: LocalModel, body: Mapping[str, JSON]) -> tuple[int, ...] | None:
        """Return the tokens of a chat request; ``None`` while the server does not run."""
        running = self._as_running(model)
        return None if running is None else await self._server(running).prompt(running, body)

    async def read(self, model: LocalModel, tokens: Sequence[int], slot: int | None) -> int:
        """Have it read the beginning of a prompt. Raise :class:`EngineError` unless it runs."""
        running = self._as_running(model)
        if running is None:
            raise EngineError(f"{self.spec.title} does not run")
        with self._answering():
            return await self._server(running).read(running, tokens, slot)

    async def save_slot(self, model: LocalModel, number: int, session: str) -> int:
        """Save what a slot holds of a conversation; return how many tokens; 0: it does not.

        Raise :class:`EngineError` and :class:`OSError`.
        """
        if (found := self._place(model, session)) is None:
            return 0
        running, files, name = found
        return await saved(self._server(running), running, number, files, name)

    async def restore_slot(self, model: LocalModel, number: int, session: str) -> tuple[int, ...]:
        """Restore what was saved of a conversation; return its tokens; empty: nothing was.

        Raise :class:`EngineError` and :class:`OSError`.
        """
        if (found := self._place(model, session)) is None:
            return ()
        running, files, name = found
        return await restored(self._server(running), running, number, files, name)

    def _place(self, model: LocalModel, session: str) -> tuple[LocalModel, SlotStore, str] | None:
        running, started = self._as_running(model), self._started
        if self._kept is None or running is None or started is None or not started.identity:
            return None
        return running, self._kept, self._kept.name(started.identity, session)

    def _server(self, running: LocalModel) -> ChatServer:
        return ChatServer(
            self.spec,
            self._client,
            urls=(running.base_url,),
            key=self._started.key if self._started is not None else None,
            patience=self._patience,
        )

    @property
    def loads_small(self) -> bool:
        """It is started with the window that is wanted."""
        return False

    async def load(self, model: LocalModel, _context_tokens: int) -> LocalModel:
        """Serve this model, with the window of the settings. Raise :class:`EngineError`."""
        return await self.start(model)

    async def unload(self, _model: LocalModel) -> None:
        """End the server, and with it what it holds in memory."""
        await self.stop()

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        self._answers += 1
        try:
            yield
        finally:
            self._answers -= 1
            self._used = asyncio.get_running_loop().time()

    async def rest(self) -> bool:
        """End the server if nobody has wanted it for long; return whether it was ended."""
        idle_s = asyncio.get_running_loop().time() - self._used
        if not self._stop_s or self._answers or self.pid is None or idle_s < self._stop_s:
            return False
        await self.stop()
        return True

    async def is_deaf(self) -> bool:
        """Whether the server runs, and does not even say that it does."""
        try:
            await self._asked(_HEALTH, _HEARS_S)
        except TimeoutError:
            return True
        return False

    async def turns(self, within_s: float) -> bool:
        """Whether the thread that computes has a word for us: it has one between two batches."""
        try:
            answer = await self._asked(_ADAPTERS, within_s)
        except TimeoutError:
            return False
        return answer is not None and answer.status == _GOOD

    async def _asked(self, page: str, within_s: float) -> Answer | None:
        """Ask the server that runs. Raise :class:`TimeoutError` where it says nothing."""
        running, started = self._running, self._started
        if self.pid is None or running is None or started is None:
            return None
        patience = ClientTimeout(total=within_s)
        return await ask(self._client, running.base_url + page, started.key, timeout=patience)

    async def give_up(self, why: str) -> None:
        """End the server: it hangs. The next use finds it dead, as if it had crashed."""
        if self._child is not None:
            await self._child.stop(why=why)

    async def stop(self) -> None:
        """End the server, if one runs. The next use starts it anew."""
        child, self._child, self._running = self._child, None, None
        if child is not None:
            await child.stop()


async def _printed_address(child: Child) -> str:
    """Return the URL that the child prints when it is ready; empty when it ended without one."""
    try:
        said = loads(await child.first_line())
    except NotJSONError:
        return ""
    match said:
        case {"url": str(url)} if is_loopback(url):
            return url
        case _:
            return ""


def as_planned(
    spec: EngineSpec,
    client: ClientSession,
    plan: Plan,
    patience: Patience | None = None,
    stop_s: float = 0.0,
    kept: SlotStore | None = None,
) -> StartedServer:
    """Return the server of a plan, which is asked on a thread."""

    async def offer() -> LocalModel | None:
        return await asyncio.to_thread(plan.offered)

    async def launch(model: LocalModel) -> Launch:
        return await asyncio.to_thread(plan.launch, model)

    async def learn(model: LocalModel, trouble: Trouble | None) -> Lesson:
        return await asyncio.to_thread(plan.learn, model, trouble)

    return StartedServer(spec, client, offer, launch, patience, stop_s, learn, kept)
