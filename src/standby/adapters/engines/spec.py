"""What an engine adapter says of itself, and how servers are questioned.

A probe recognises *its* server strictly and describes the models there. What a server answers is
read by pattern: what does not match is unknown, not an error.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError

from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Sign, recognise
from standby.core.redact import Secret
from standby.core.wire.errors import message_of
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import EngineError

__all__ = [
    "LLAMA_ADDS",
    "MAX_ANSWER_BYTES",
    "Answer",
    "EngineSpec",
    "Load",
    "Probe",
    "Unload",
    "advised",
    "answers_chat",
    "ask",
    "entries",
    "good",
    "headers",
    "is_loopback",
    "llama_models",
    "positive",
    "tell",
]

# Loopback answers in milliseconds, on a machine that is busy in a second; where a firewall drops
# packets instead, nobody should wait for long.
_PATIENCE: Final = ClientTimeout(total=1.5, sock_connect=1.0)
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""The most that is read of an answer to a question; a list of models has kilobytes."""

# Twenty gigabytes from a slow disk take some two minutes.
_LOADING: Final = ClientTimeout(total=300.0, sock_connect=2.0)

# Models that make vectors, sort documents or speak; servers without types list them with the rest.
_NO_CHAT: Final = ("embed", "rerank", "bge-", "whisper", "tts")

LLAMA_ADDS: Final[Mapping[str, JSON]] = {
    "cache_prompt": True,
    # Chunks that tell how far the prompt is read, and comments in silences (30 s by default).
    "return_progress": True,
    "sse_ping_interval": 10,
}
"""What llama.cpp's server understands besides; older builds ignore it."""

Probe = Callable[[ClientSession, str, Secret | None], Awaitable[tuple[LocalModel, ...] | None]]
"""Takes the client, a base URL and the server's key; ``None``: nobody there, or another server.

Raises only :class:`TimeoutError`: somebody is there and too busy to say who.
"""


Load = Callable[[ClientSession, LocalModel, Secret | None, int], Awaitable[str]]
"""Takes the client, a model, the server's key and the window wanted, in tokens.

Has the server load the model, and returns what the server calls it then. A server that does not let
one choose the window leaves that number alone. Raises :class:`EngineError`.
"""

Unload = Callable[[ClientSession, LocalModel, Secret | None], Awaitable[None]]
"""Has the server give a model's memory back. Raises :class:`EngineError`."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """How to find a kind of local server, and what it can do beyond chat completions."""

    name: str
    """The name of its file, by which a person chooses it."""
    title: str
    """What people call it."""
    probe: Probe
    order: int
    """Its place among engines that are equal otherwise; lower comes first."""
    urls: tuple[str, ...] = ()
    """Where it listens when nobody changed that, in the order to try."""
    continues: bool = False
    """Whether it goes on with an unfinished turn of the assistant, without starting anew: of a
    server that does not describe its models so."""
    grammar: bool = False
    """Whether it compiles tool schemas to a grammar, and refuses odd ones."""
    counts: bool = False
    """Whether it counts the tokens of a chat request."""
    last_resort: bool = False
    """Whether it takes any server that speaks the protocol: another engine's claim goes first."""
    reads: bool = False
    """Whether it shows a prompt as its template has it, and takes one as tokens, part by part."""
    slots: int | None = None
    """How many requests it works on at once, where its server does not say so."""
    pins: bool = False
    """Whether its requests name the slot that they want. Not where others use the server, too."""
    adds: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    """Fields of this server's own that go with each chat request."""
    load: Load | None = None
    """How it is told to load a model; ``None``: it cannot be told."""
    signs: tuple[Sign, ...] = ()
    """By which words it shows what is wrong with it; the first that is heard counts."""
    unload: Unload | None = None
    """How it is told to let go of one; ``None``: it cannot be told."""
    loads: str = "it serves what it was started with"
    """What it does about models by itself, where it cannot be told."""
    loads_small: bool = False
    """Whether a request for a model that is not loaded gets it with a window of the server's own,
    which is often too small, although a larger one can be asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said to a question. ``value`` is ``None`` when it was not JSON."""

    status: int
    value: JSON
    server: str = ""
    """The ``Server`` header."""


def advised(spec: EngineSpec, why: str, said: str = "") -> str:
    """Return why a server failed, with what to do where it shows what is wrong.

    ``said`` is what it said besides, at more length than a person wants to read.
    """
    sign = recognise(spec.signs, f"{why}\n{said}")
    return why if sign is None or sign.advice in why else f"{why}; {sign.advice}"


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine and to no other: the meaning of *local*."""
    try:
        parsed = urlsplit(url)
        host = parsed.hostname or ""
    except ValueError:
        return False
    if parsed.scheme != "http" or parsed.username is not None:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def headers(key: Secret | None, **more: str) -> dict[str, str]:
    """Return the headers of a request of ours to a local server: its own key, never a client's."""
    lines = {
        # Compression only costs here, and what is not asked for need not be unpacked within bounds.
        "Accept-Encoding": "identity",
        # A new connection costs nothing on loopback. llama.cpp drops an idle one after 5 s, and a
        # request that is sent just then would be lost.
        "Connection": "close",
        **more,
    }
    if key:
        lines["Authorization"] = f"Bearer {key.reveal()}"
    return lines


async def ask(
    client: ClientSession,
    url: str,
    key: Secret | None = None,
    *,
    body: Mapping[str, JSON] | None = None,
    timeout: ClientTimeout = _PATIENCE,  # noqa: ASYNC109 - aiohttp's own, of several parts
) -> Answer | None:
    """Ask a server a question, with ``body`` by POST; ``None`` when nobody answers there.

    Raise :class:`TimeoutError` when nobody took the connection in time (a firewall drops packets,
    or the machine has stood still for a moment), or somebody did and then said nothing.
    """
    try:
        async with client.request(
            "GET" if body is None else "POST",
            url,
            data=None if body is None else dumps(dict(body)),
            headers=headers(key, **({} if body is None else {"Content-Type": "application/json"})),
            timeout=timeout,
            allow_redirects=False,
            auto_decompress=False,
        ) as response:
            data = bytearray()
            async for piece in response.content.iter_any():
                data += piece
                if len(data) > MAX_ANSWER_BYTES:
                    return None
            return Answer(response.status, _json(bytes(data)), response.headers.get("Server", ""))
    except TimeoutError:
        raise
    except (ClientError, OSError, ValueError):
        return None


def good(answer: Answer | None) -> JSON:
    """Return what was said, if it was said with a 200."""
    return answer.value if answer is not None and answer.status == 200 else None  # noqa: PLR2004


async def tell(
    client: ClientSession, title: str, url: str, key: Secret | None, body: Mapping[str, JSON]
) -> JSON:
    """Tell a server to do something, which may take minutes; return what it says when it has.

    Raise :class:`EngineError`, with the server's words and status when it would not.
    """
    try:
        answer = await ask(client, url, key, body=body, timeout=_LOADING)
    except ConnectionTimeoutError:
        raise EngineError(f"{title} is out of reach") from None
    except TimeoutError:
        raise EngineError(f"{title} has not done it within {_LOADING.total:.0f} s") from None
    if answer is None:
        raise EngineError(f"{title} is out of reach")
    if answer.status != 200:  # noqa: PLR2004
        said = dumps(answer.value)
        why = message_of(said)[:300]
        raise EngineError(
            f"{title} said {answer.status}{': ' if why else ''}{why}", answer.status, said
        )
    return answer.value


def _json(data: bytes) -> JSON:
    try:
        return loads(data)
    except NotJSONError:
        return None


def entries(value: JSON) -> Iterator[dict[str, JSON]]:
    """Yield the entries of a list of models in OpenAI's shape that have an ``id``."""
    match value:
        case {"data": [*items]}:
            for item in items:
                if isinstance(item, dict) and isinstance(item.get("id"), str):
                    yield item
        case _:
            pass


def answers_chat(name: str) -> bool:
    """Whether a model can chat, as far as its name tells."""
    return not any(word in name.lower() for word in _NO_CHAT)


def positive(value: JSON) -> int | None:
    """Return a number of tokens; ``None`` for anything that is not one."""
    match value:
        case bool():
            return None
        case int(number) if number > 0:
            return number
        case _:
            return None


def llama_models(
    spec_name: str, url: str, props: JSON, listed: JSON
) -> tuple[LocalModel, ...] | None:
    """Read what llama.cpp's server says of itself; ``None`` when this is not one.

    ``props`` is its ``/props``, ``listed`` its ``/v1/models``. A router (started without a model)
    lists many and says of each whether it is loaded; a plain server has one, and it is loaded.
    """
    match props:
        case {"default_generation_settings": {"n_ctx": n_ctx}}:
            window = positive(n_ctx)
        case {"default_generation_settings": dict()} | {"role": "router"}:
            window = None
        case _:
            return None
    plain = LocalModel(
        engine=spec_name,
        id="",
        base_url=url,
        context_tokens=window,
        tools=_can(props, "supports_tools"),
        vision=_vision(props),
        reasoning=_reasons(props),
        grammar=True,
        counts=True,
        continues=True,
        slots=_slots(props),
    )
    found: list[LocalModel] = []
    for item in entries(listed):
        match item:
            case {"id": str(name), "status": {"value": str(status)}} if window is None:
                loaded = status in {"loaded", "sleeping"}
                found.append(
                    replace(
                        LocalModel(spec_name, name, url, loaded=loaded),
                        grammar=True,
                        counts=loaded,
                        continues=True,
                    )
                )
            case {"id": str(name)}:
                found.append(replace(plain, id=name))
            case _:
                pass
    return tuple(model for model in found if answers_chat(model.id))


def _slots(props: JSON) -> int | None:
    match props:
        case {"total_slots": total}:
            return positive(total)
        case _:
            return None


def _can(props: JSON, ability: str) -> bool | None:
    match props:
        case {"chat_template_caps": dict(abilities)}:
            able = abilities.get(ability)
            return able if isinstance(able, bool) else None
        case _:
            return None


def _vision(props: JSON) -> bool | None:
    match props:
        case {"modalities": {"vision": bool(sees)}}:
            return sees
        case _:
            return None


def _reasons(props: JSON) -> bool | None:
    """Whether the chat template can think: llama.cpp does not say, but shows the template."""
    match props:
        case {"chat_template": str(template)}:
            return any(mark in template for mark in ("enable_thinking", "<think>", "reasoning"))
        case _:
            return None
