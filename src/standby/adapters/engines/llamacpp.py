"""llama.cpp's own server, started by somebody else: with one model, or as a router of many."""

import asyncio
from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.signs import LLAMA_SIGNS
from standby.adapters.engines.spec import (
    LLAMA_ADDS,
    EngineSpec,
    ask,
    entries,
    good,
    llama_models,
    tell,
)
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.ports import EngineError

__all__ = ["ENGINE"]

_NAME: Final = "llamacpp"
_TITLE: Final = "llama.cpp"
_LOADING_S: Final = 300.0
# Polled rarely: what a busy server answers meanwhile delays what it notices (facts of b11549).
_LOOK_S: Final = 1.5
_NOT_FOUND: Final = 404


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    # Neither question wakes a server that sleeps.
    props = good(await ask(client, f"{url}/props", key))
    if props is None:
        return None
    return llama_models(_NAME, url, props, good(await ask(client, f"{url}/v1/models", key)))


async def _load(
    client: ClientSession, model: LocalModel, key: Secret | None, _context_tokens: int
) -> str:
    """Have a router load it, and wait until it has. The window is what the router was told."""
    await _told(client, model, key, "load")
    try:
        async with asyncio.timeout(_LOADING_S):
            while (state := await _state(client, model, key)) not in {"loaded", "sleeping"}:
                if state not in {"loading", "downloading"}:
                    raise EngineError(f"{_TITLE} could not load {model.id!r}: see its own log")
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise EngineError(f"{_TITLE} has not loaded it within {_LOADING_S:.0f} s") from None
    return model.id


async def _unload(client: ClientSession, model: LocalModel, key: Secret | None) -> None:
    await _told(client, model, key, "unload")


async def _told(client: ClientSession, model: LocalModel, key: Secret | None, what: str) -> None:
    url = f"{model.base_url}/models/{what}"
    try:
        said = await tell(client, _TITLE, url, key, {"model": model.id})
    except EngineError as error:
        if error.status != _NOT_FOUND:
            raise
        raise EngineError(
            f"this {_TITLE} server was started with one model, and keeps it: only a router, which"
            " is started without any, loads and unloads",
            error.status,
        ) from error
    match said:
        case {"success": True}:
            pass
        case _:
            raise EngineError(f"{_TITLE} would not {what} {model.id!r}")


async def _state(client: ClientSession, model: LocalModel, key: Secret | None) -> str:
    """Return how far it is with a model; empty: it does not say, or does not know the model."""
    listed = good(await ask(client, f"{model.base_url}/models", key))
    for item in entries(listed):
        match item:
            case {"id": str(name), "status": {"value": str(state)}} if name == model.id:
                return state
            case _:
                pass
    return ""


ENGINE: Final = EngineSpec(
    name=_NAME,
    title=_TITLE,
    probe=_probe,
    order=30,
    urls=("http://127.0.0.1:9931", "http://127.0.0.1:8080"),  # the port since 2026, and before
    continues=True,
    grammar=True,
    counts=True,
    reads=True,
    adds=LLAMA_ADDS,
    load=_load,
    unload=_unload,
    signs=LLAMA_SIGNS,
)
