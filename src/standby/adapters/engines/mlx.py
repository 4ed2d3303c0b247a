"""mlx-lm's server. It does not report the window, and loads what a request names."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.signs import CARD_WORDS
from standby.adapters.engines.spec import EngineSpec, answers_chat, ask, entries, good
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Sign, Trouble
from standby.core.redact import Secret

__all__ = ["ENGINE"]

_NAME: Final = "mlx"


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    answer = await ask(client, f"{url}/v1/models", key)
    # It is written on Python's own http.server, as no other engine is, and names no owner.
    if answer is None or not answer.server.startswith("BaseHTTP/"):
        return None
    match good(answer):
        case {"object": "list", "data": [*_]} as listed:
            mine = [item for item in entries(listed) if "owned_by" not in item]
        case _:
            return None
    names = [name for item in mine for name in (item.get("id"),) if isinstance(name, str)]
    return tuple(
        # The list is what was ever downloaded; with one entry only, that is the one it serves.
        LocalModel(_NAME, name, url, loaded=len(names) == 1)
        for name in names
        if answers_chat(name)
    )


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="mlx-lm",
    probe=_probe,
    order=60,
    urls=("http://127.0.0.1:8080",),
    signs=(
        Sign(
            Trouble.MEMORY,
            (*CARD_WORDS, "[metal::malloc]"),
            "the model and its prompts do not fit into this Mac's memory: take a smaller model",
        ),
    ),
    loads="it loads what a request names",
)
