"""llama.cpp's own server, started by somebody else."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.spec import LLAMA_ADDS, EngineSpec, ask, good, llama_models
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret

__all__ = ["ENGINE"]

_NAME: Final = "llamacpp"


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    # Neither question wakes a server that sleeps.
    props = good(await ask(client, f"{url}/props", key))
    if props is None:
        return None
    return llama_models(_NAME, url, props, good(await ask(client, f"{url}/v1/models", key)))


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="llama.cpp",
    probe=_probe,
    order=30,
    urls=("http://127.0.0.1:9931", "http://127.0.0.1:8080"),  # the port since 2026, and before
    continues=True,
    grammar=True,
    counts=True,
    adds=LLAMA_ADDS,
)
