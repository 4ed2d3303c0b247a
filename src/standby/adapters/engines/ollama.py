"""Ollama. Its cloud models are left out: what they are asked leaves this machine."""

import re
from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.spec import EngineSpec, ask, good, positive
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.core.wire.json import JSON

__all__ = ["ENGINE"]

_NAME: Final = "ollama"

# Each model is shown by a request of its own; a probe has a second and a half for all of them.
_SHOWN: Final = 12

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


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="Ollama",
    probe=_probe,
    order=20,
    urls=("http://127.0.0.1:11434",),
)
