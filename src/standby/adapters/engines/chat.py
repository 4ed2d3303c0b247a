"""OpenAI chat completions over HTTP: what all engines share.

Two kinds of server: one that somebody else runs (:class:`ChatServer`), and one of our own that is
started when it is needed (:class:`StartedServer`).
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import (
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
)

from standby.adapters.child import Child
from standby.adapters.engines.spec import EngineSpec, ask, good, headers, is_loopback, llama_models
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.core.wire.errors import message_of
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import EngineError

__all__ = ["ChatServer", "Launch", "Patience", "StartedServer"]

_CHAT: Final = "/v1/chat/completions"
_COUNT: Final = "/v1/chat/completions/input_tokens"
_TEMPLATE: Final = "/apply-template"
_TOKENS: Final = "/tokenize"
_READ: Final = "/completion"

_PROBE_S: Final = 1.5
# A server that is too busy to say what it has still has what it had a moment ago.
_BUSY_S: Final = 60.0

_ERROR_BYTES: Final = 64 * 1024
# 16 k tokens come to about 4 MB of chunks; what is far beyond that is not an answer.
_ANSWER_BYTES: Final = 256 * 1024 * 1024

_LOOK_S: Final = 1.0

_CONNECT: Final = ClientTimeout(total=None, sock_connect=5, sock_read=None)
_BUSY: Final = range(500, 600)
_COUNTING: Final = ClientTimeout(total=10, sock_connect=1)
# A portion takes a fraction of a second; but the server may have to read all before it anew.
_READING: Final = ClientTimeout(total=600, sock_connect=5)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for bytes of an answer.

    Before the first byte a server may load its model, finish somebody else's answer (llama.cpp
    holds the headers back while a request is queued) and read a long prompt without a word (LM
    Studio, Ollama). After it llama.cpp and mlx-lm send comments while they read the prompt, which
    count as bytes; others have begun to answer.
    """

    first_byte_s: float = 1800.0
    silence_s: float = 120.0


class NotHTTPError(ClientPayloadError):
    """A server broke the rules of HTTP in the middle of its answer."""


class ChatServer:
    """A server that runs already: its models, its answers, its counts."""

    def __init__(
        self,
        spec: EngineSpec,
        client: ClientSession,
        *,
        name: str = "",
        urls: tuple[str, ...] = (),
        key: Secret | None = None,
        only: str = "",
        patience: Patience | None = None,
    ) -> None:
        """Take another ``name`` or ``urls`` than the kind's own when a person configured them.

        ``only`` is the one model to offer, also when the server does not list it. A URL that leads
        off this machine raises :class:`ValueError`.
        """
        self.spec = spec
        self._client = client
        self._name = name or spec.name
        self._urls = tuple(_base(url) for url in urls or spec.urls)
        self._key = key
        self._only = only
        self._patience = patience or Patience()
        self._last: dict[str, tuple[float, tuple[LocalModel, ...]]] = {}
        for url in self._urls:
            if not is_loopback(url):
                raise ValueError(f"{url!r} is not on this machine")

    @property
    def name(self) -> str:
        """The name by which it is chosen."""
        return self._name

    async def models(self) -> tuple[LocalModel, ...]:
        """Return what it offers now; empty when nobody listens there. Never raises."""
        async with asyncio.TaskGroup() as questions:
            asked = [questions.create_task(self._models_at(url)) for url in self._urls]
        return tuple(model for task in asked for model in task.result())

    async def _models_at(self, url: str) -> tuple[LocalModel, ...]:
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(_PROBE_S):
                found = await self.spec.probe(self._client, url, self._key)
        except TimeoutError:
            since, known = self._last.get(url, (0.0, ()))
            return known if now - since < _BUSY_S else ()
        mine = self._chosen(found, url) if found is not None else ()
        self._last[url] = (now, mine)
        return mine

    def _chosen(self, found: tuple[LocalModel, ...], url: str) -> tuple[LocalModel, ...]:
        mine = tuple(
            replace(model, engine=self._name, slots=model.slots or self.spec.slots)
            for model in found
        )
        if not self._only:
            return mine
        named = tuple(model for model in mine if model.id == self._only)
        spec = self.spec
        bare = LocalModel(self._name, self._only, url, grammar=spec.grammar)
        return named or (replace(bare, continues=spec.continues, slots=spec.slots),)

    async def chat(
        self, model: LocalModel, body: Mapping[str, JSON]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a streamed chat completion. Raise :class:`EngineError`.

        Closing the iterator early closes the connection: the engine stops.
        """
        whole = dumps({**self.spec.adds, **body, "model": model.id})
        response: ClientResponse | None = None
        size = 0
        try:
            async with asyncio.timeout(self._patience.first_byte_s):
                response = await self._client.post(
                    model.base_url + _CHAT,
                    data=whole,
                    headers=headers(
                        self._key,
                        **{"Content-Type": "application/json", "Accept": "text/event-stream"},
                    ),
                    timeout=_CONNECT,
                    allow_redirects=False,
                    auto_decompress=False,
                )
                await self._check(response)
                data = await _read(response)
            while data:
                size += len(data)
                if size > _ANSWER_BYTES:
                    raise EngineError(f"{self.spec.title} does not stop answering")
                yield data
                async with asyncio.timeout(self._patience.silence_s):
                    data = await _read(response)
        except TimeoutError as error:
            raise EngineError(f"{self.spec.title} has fallen silent") from error
        except (ClientError, OSError) as error:
            what = "is out of reach" if response is None else "broke off its answer"
            raise EngineError(f"{self.spec.title} {what}: {_words(error)}") from error
        finally:
            if response is not None:
                response.close()

    async def _check(self, response: ClientResponse) -> None:
        if response.status != 200:  # noqa: PLR2004 - a redirect is an error too
            said = await response.content.read(_ERROR_BYTES)
            while len(said) < _ERROR_BYTES and (more := await _read(response)):
                said += more
            said = said[:_ERROR_BYTES]
            why = message_of(said)[:300]
            raise EngineError(
                f"{self.spec.title} said {response.status}{': ' if why else ''}{why}",
                response.status,
                said,
            )
        coding = response.headers.get("Content-Encoding", "identity").lower()
        if coding != "identity":
            raise EngineError(f"{self.spec.title} answered in {coding!r}, which was not asked for")

    @property
    def loads_small(self) -> bool:
        """Whether a request loads a model with a smaller window than one may ask for."""
        return self.spec.loads_small

    async def load(self, model: LocalModel, context_tokens: int) -> LocalModel:
        """Have the server load a model; return it as it is served then.

        ``context_tokens`` is the window wanted; 0: the server's own. Raise :class:`EngineError`.
        """
        load = self.spec.load
        if load is None:
            raise self._untellable("load")
        name = await load(self._client, model, self._key, context_tokens)
        found = await self._models_at(model.base_url)
        served = next((one for one in found if one.id == name and one.loaded), None)
        if served is None:
            raise EngineError(f"{self.spec.title} does not list {name!r} as loaded")
        return served

    async def unload(self, model: LocalModel) -> None:
        """Have the server give a model's memory back. Raise :class:`EngineError`."""
        unload = self.spec.unload
        if unload is None:
            raise self._untellable("unload")
        await unload(self._client, model, self._key)

    def _untellable(self, what: str) -> EngineError:
        return EngineError(f"{self.spec.title} cannot be told to {what}: {self.spec.loads}")

    async def count(self, model: LocalModel, body: Mapping[str, JSON]) -> int | None:
        """Return how many tokens the prompt of a chat request has; ``None``: it cannot say."""
        if not model.counts:
            return None
        url = model.base_url + _COUNT
        try:
            answer = await ask(
                self._client, url, self._key, body={**body, "model": model.id}, timeout=_COUNTING
            )
        except TimeoutError:
            return None
        match good(answer):
            case {"input_tokens": int(tokens)}:
                return tokens
            case _:
                return None

    async def prompt(self, model: LocalModel, body: Mapping[str, JSON]) -> tuple[int, ...] | None:
        """Return the tokens of a chat request, as this server's own template has it.

        ``None``: it cannot say. Raise :class:`EngineError` when it is out of reach.
        """
        if not self.spec.reads:
            return None
        shown = await self._asked(model, _TEMPLATE, {**body, "model": model.id}, _COUNTING)
        match shown:
            case {"prompt": str(prompt)}:
                wanted: dict[str, JSON] = {"content": prompt, "add_special": True}
            case _:
                return None
        match await self._asked(model, _TOKENS, wanted, _COUNTING):
            case {"tokens": list(tokens)}:
                ids = tuple(token for token in tokens if isinstance(token, int))
                return ids if len(ids) == len(tokens) else None
            case _:
                return None

    async def read(self, model: LocalModel, tokens: Sequence[int], slot: int | None) -> int:
        """Have it read the beginning of a prompt; return how many tokens were new to it.

        Raise :class:`EngineError`.
        """
        body: dict[str, JSON] = {
            "model": model.id,
            "prompt": [*tokens],
            "n_predict": 0,
            "cache_prompt": True,
            # Without this the whole prompt would come back with each portion.
            "response_fields": ["timings/prompt_n"],
            **({} if slot is None else {"id_slot": slot}),
        }
        match await self._asked(model, _READ, body, _READING):
            case {"timings/prompt_n": int(new)} | {"prompt_n": int(new)}:
                return new
            case {"timings": {"prompt_n": int(new)}}:
                return new
            case _:
                raise EngineError(f"{self.spec.title} does not say what it has read")

    async def _asked(
        self, model: LocalModel, path: str, body: Mapping[str, JSON], patience: ClientTimeout
    ) -> JSON:
        """Return what the server says to a question; ``None`` when it does not know the page."""
        try:
            answer = await ask(
                self._client, model.base_url + path, self._key, body=body, timeout=patience
            )
        except TimeoutError as error:
            raise EngineError(f"{self.spec.title} has fallen silent") from error
        if answer is None:
            raise EngineError(f"{self.spec.title} is out of reach")
        if answer.status in _BUSY:
            raise EngineError(f"{self.spec.title} said {answer.status}", answer.status)
        return good(answer)


def _base(url: str) -> str:
    """Return a server's URL as we use it, whether or not a person wrote the ``/v1`` behind it."""
    return url.rstrip("/").removesuffix("/v1")


async def _read(response: ClientResponse) -> bytes:
    """Return the next bytes of a body; none at its end. Raise :class:`ClientError`.

    Where a chunk is no chunk, aiohttp (3.14) closes the connection and does not tell whoever reads
    the body, who would wait for ever. So the connection is looked at from time to time.
    """
    while True:
        try:
            async with asyncio.timeout(_LOOK_S):
                return await response.content.readany()
        except TimeoutError:
            connection = response.connection
            transport = None if connection is None else connection.transport
            if transport is None or transport.is_closing():
                raise NotHTTPError from None


def _words(error: Exception) -> str:
    """Return what went wrong, and nothing of what the peer sent: aiohttp quotes it in its words."""
    match error:
        case NotHTTPError() | ClientResponseError():
            return "what it sent is not HTTP"
        case ClientPayloadError():
            return "the answer is not whole"
        case _:
            return str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server of ours. ``url`` is empty when it chooses its port and prints it."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    key: Secret
    url: str = ""


_START_S: Final = 120.0
_POLL_S: Final = 0.1
# How long to wait for the end of a process whose connection broke, to tell why.
_LAST_WORDS_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
# One that died while nobody asked it shows it at once; what takes longer, it may have died of.
_STALE_S: Final = 1.0
# One that has run so long was not broken from the start.
_STEADY_S: Final = 60.0


class _Pause:
    """How long a server that fails is left alone: not after the first time, then ever longer."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._why = ""

    def check(self, title: str) -> None:
        """Raise :class:`EngineError` while it is to be left alone."""
        wait = self._until - asyncio.get_running_loop().time()
        if wait > 0:
            times = f"{self._failures} times in a row; next try in {wait:.0f} s"
            raise EngineError(f"{title} failed {times}: {self._why}")

    def failed(self, why: str, ran_s: float = 0.0) -> None:
        """Note a failure, after so long a run."""
        self._failures = 1 if ran_s > _STEADY_S else self._failures + 1
        pause = min(2.0 ** (self._failures - 1), _LONGEST_PAUSE_S) if self._failures > 1 else 0.0
        self._until = asyncio.get_running_loop().time() + pause
        self._why = why


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
    ) -> None:
        """``offer`` says what would be served; ``launch`` how to start that.

        After ``stop_s`` without an answer :meth:`rest` ends it; 0: never.
        """
        self.spec = spec
        self._client = client
        self._offer = offer
        self._launch = launch
        self._patience = patience
        self._lock = asyncio.Lock()
        self._pause = _Pause()
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
            if self._child is None:
                await self._spawn(model)
            child, started = self._child, self._started
            if child is None or started is None:
                raise EngineError(f"{self.spec.title} was stopped")
            self._running = await self._until_ready(child, started, model)
            return self._running

    def _as_running(self, model: LocalModel) -> LocalModel | None:
        if self._child is None or not self._child.alive or self._running is None:
            return None
        return self._running if self._running.id == model.id else None

    async def _clear(self, model: LocalModel) -> None:
        """Put away a server that has crashed, or that serves something else."""
        child = self._child
        if child is None:
            return
        if not child.alive:
            ran_s = asyncio.get_running_loop().time() - self._since
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
            raise self._failed(_words(error)) from error
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
            settings=model.settings,
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

    def _failed(self, why: str, child: Child | None = None) -> EngineError:
        """Note a failure, and return the error that tells of it."""
        self._child, self._running = None, None
        self._pause.failed(why)
        return EngineError(
            f"{self.spec.title} could not be started: {why}", body=child.tail if child else b""
        )

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
            if error.status or child is None or not await child.ended(_LAST_WORDS_S):
                raise
            if said or not (ran and at_once):
                words = f"{self.spec.title}: {child.epitaph()}"
                raise EngineError(words, body=child.tail) from error
        async with contextlib.aclosing(self.chat(model, body)) as answer:
            async for data in answer:
                yield data

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
