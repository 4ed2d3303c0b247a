"""OpenAI chat completions over HTTP: what all engines share.

A server of our own, which is started when it is needed, is in
:mod:`standby.adapters.engines.started`.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
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

from standby.adapters.engines.spec import EngineSpec, advised, ask, good, headers, is_loopback
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.core.wire.errors import message_of
from standby.core.wire.json import JSON, dumps
from standby.ports import EngineError

__all__ = ["ChatServer", "Patience"]

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
            words = f"{self.spec.title} said {response.status}{': ' if why else ''}{why}"
            raise EngineError(
                advised(self.spec, words, said.decode(errors="replace")), response.status, said
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
        try:
            name = await load(self._client, model, self._key, context_tokens)
        except EngineError as error:
            why = advised(self.spec, str(error), error.body.decode(errors="replace"))
            raise EngineError(why, error.status, error.body) from error
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

    async def slot(self, model: LocalModel, number: int, action: str, file: str) -> JSON:
        """Have it ``save`` or ``restore`` a slot; return what it says, ``None`` if it did not.

        Raise :class:`EngineError` when it is out of reach.
        """
        path = f"/slots/{number}?action={action}"
        return await self._asked(model, path, {"filename": file}, _READING)

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
