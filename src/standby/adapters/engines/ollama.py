"""Ollama. Its cloud models are left out: what they are asked leaves this machine."""

import re
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from standby.adapters.engines.signs import CARD_WORDS
from standby.adapters.engines.spec import EngineSpec, ask, good, headers, positive, tell
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Sign, Trouble
from standby.core.redact import Secret
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import EngineError, FetchError

__all__ = ["ENGINE", "pull"]

_NAME: Final = "ollama"

# Each model is shown by a request of its own; a probe has a second and a half for all of them.
_SHOWN: Final = 12

# By itself it lets go of a model after five minutes: less than a person thinks.
_KEPT: Final = "1h"

# Ollama is silent while it checks what it fetched, which takes a minute for 20 GB.
_SILENCE_S: Final = 300.0
_LINE_BYTES: Final = 1024 * 1024

_WINDOW: Final = re.compile(r"^num_ctx\s+(\d+)\s*$", re.MULTILINE)


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    match good(await ask(client, f"{url}/api/version", key)):
        case {"version": str()}:
            pass
        case _:
            return None
    loaded = _running(good(await ask(client, f"{url}/api/ps", key)))
    names = _here(good(await ask(client, f"{url}/api/tags", key)))
    names.sort(key=lambda name: name not in loaded)  # stable: loaded ones first
    found: list[LocalModel] = []
    for place, name in enumerate(names):
        shown: JSON = None
        if place < _SHOWN:
            shown = good(await ask(client, f"{url}/api/show", key, body={"model": name}))
        model = _described(name, url, shown, loaded)
        if model is not None:
            found.append(model)
    return tuple(found)


def _here(tags: JSON) -> list[str]:
    """Return the models whose weights are on this machine."""
    names: list[str] = []
    match tags:
        case {"models": [*models]}:
            for model in models:
                match model:
                    case {"remote_host": str(host)} | {"remote_model": str(host)} if host:
                        pass
                    case {"name": str(name)} if name and not name.endswith(("-cloud", ":cloud")):
                        names.append(name)
                    case _:
                        pass
        case _:
            pass
    return names


def _running(ps: JSON) -> dict[str, int | None]:
    """Return the loaded models with their windows."""
    found: dict[str, int | None] = {}
    match ps:
        case {"models": [*models]}:
            for model in models:
                match model:
                    case {"name": str(name), "context_length": window}:
                        found[name] = positive(window)
                    case {"name": str(name)}:
                        found[name] = None
                    case _:
                        pass
        case _:
            pass
    return found


def _described(
    name: str, url: str, shown: JSON, loaded: dict[str, int | None]
) -> LocalModel | None:
    abilities: list[JSON] | None = None
    match shown:
        case {"remote_host": str(host)} | {"remote_model": str(host)} if host:
            return None
        case {"capabilities": [*able]}:
            abilities = able
        case _:
            pass
    if abilities is not None and "completion" not in abilities:
        return None
    return LocalModel(
        engine=_NAME,
        id=name,
        base_url=url,
        # Not loaded and not configured, it would get a default that depends on the graphics memory.
        context_tokens=loaded.get(name, _configured(shown)),
        loaded=name in loaded,
        tools=None if abilities is None else "tools" in abilities,
        vision=None if abilities is None else "vision" in abilities,
        reasoning=None if abilities is None else "thinking" in abilities,
        truncates=True,
    )


def _configured(shown: JSON) -> int | None:
    match shown:
        case {"parameters": str(text)} if found := _WINDOW.search(text):
            return int(found[1])
        case _:
            return None


async def _load(
    client: ClientSession, model: LocalModel, key: Secret | None, _context_tokens: int
) -> str:
    """Load it, and keep it for an hour. The window is Ollama's.

    A window that came with this request would last until the next one: chat completions carry none,
    and Ollama loads the model anew where the two differ.
    """
    return await _generate(client, model, key, _KEPT)


async def _unload(client: ClientSession, model: LocalModel, key: Secret | None) -> None:
    await _generate(client, model, key, 0)


async def _generate(
    client: ClientSession, model: LocalModel, key: Secret | None, keep_alive: JSON
) -> str:
    """Ask for nothing, which loads a model, or lets go of it when it is to be kept for 0 s."""
    body: dict[str, JSON] = {"model": model.id, "keep_alive": keep_alive, "stream": False}
    match await tell(client, "Ollama", f"{model.base_url}/api/generate", key, body):
        case {"done": True}:
            return model.id
        case _:
            raise EngineError(f"Ollama does not say that it is done with {model.id!r}")


async def pull(client: ClientSession, url: str, name: str) -> AsyncIterator[tuple[str, int, int]]:
    """Have it fetch a model; yield what it does, and how many bytes of how many are there.

    Raise :class:`FetchError`. It goes on by itself where an earlier try ended.
    """
    try:
        async with client.post(
            f"{url}/api/pull",
            data=dumps({"model": name, "stream": True}),
            headers=headers(None, **{"Content-Type": "application/json"}),
            timeout=ClientTimeout(total=None, sock_connect=2.0, sock_read=_SILENCE_S),
            allow_redirects=False,
            auto_decompress=False,
        ) as answer:
            if answer.status != 200:  # noqa: PLR2004
                said = _said(await answer.content.read(_LINE_BYTES))
                raise FetchError(f"Ollama said {answer.status} to {name!r}: {_error(said)}")
            held = b""
            while True:
                data = await answer.content.readany()
                *lines, held = (held + data).split(b"\n")
                if len(held) > _LINE_BYTES:
                    raise FetchError("what Ollama says cannot be understood")
                for line in lines if data else (*lines, held):
                    step = _pulled(_said(line))
                    if step is None:
                        return
                    yield step
                if not data:
                    raise FetchError(f"Ollama stopped before it had {name!r}; try again")
    except TimeoutError:
        raise FetchError(f"Ollama has said nothing for {_SILENCE_S:.0f} s; try again") from None
    except (ClientError, OSError) as error:
        raise FetchError(f"Ollama cannot be reached at {url}: {error}; start it first") from error


def _said(line: bytes) -> JSON:
    try:
        return loads(line)
    except NotJSONError:
        return None


def _error(said: JSON) -> str:
    match said:
        case {"error": str(words)}:
            return words[:300]
        case _:
            return "it gave no reason"


def _pulled(said: JSON) -> tuple[str, int, int] | None:
    """Return what a line tells; ``None``: all is there. Raise :class:`FetchError`."""
    match said:
        case {"error": str(words)}:
            raise FetchError(f"Ollama: {words[:300]}")
        case {"status": "success"}:
            return None
        case {"total": int(whole), "completed": int(done)}:
            return "fetching", done, whole
        case _:
            return "waiting", 0, 1


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="Ollama",
    probe=_probe,
    order=20,
    urls=("http://127.0.0.1:11434",),
    load=_load,
    unload=_unload,
    signs=(
        Sign(
            Trouble.MEMORY,
            (*CARD_WORDS, "requires more system memory", "llama runner process has terminated"),
            "Ollama has too little memory for it: a smaller OLLAMA_CONTEXT_LENGTH, or a smaller"
            " model",
        ),
        Sign(
            Trouble.TOO_OLD,
            ("requires a newer version of ollama", "unknown model architecture"),
            "this Ollama is too old for the model: update it",
        ),
    ),
)
