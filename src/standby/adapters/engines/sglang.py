"""SGLang."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.signs import CARD_WORDS
from standby.adapters.engines.spec import EngineSpec, answers_chat, ask, entries, good, positive
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Sign, Trouble
from standby.core.redact import Secret
from standby.core.wire.json import JSON

__all__ = ["ENGINE"]

_NAME: Final = "sglang"

# The newer path first; the older one is still served, and logs a warning there.
_INFO: Final = ("/server_info", "/get_server_info")


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    listed = good(await ask(client, f"{url}/v1/models", key))
    mine = [item for item in entries(listed) if item.get("owned_by") == _NAME]
    if not mine:
        return None
    fallback = await _window(client, url, key) if _silent(mine) else None
    found: list[LocalModel] = []
    for item in mine:
        match item:
            case {"id": str(name)} if answers_chat(name):
                window = positive(item.get("max_model_len")) or fallback
                found.append(LocalModel(_NAME, name, url, context_tokens=window))
            case _:
                pass
    return tuple(found)


def _silent(items: list[dict[str, JSON]]) -> bool:
    return any(positive(item.get("max_model_len")) is None for item in items)


async def _window(client: ClientSession, url: str, key: Secret | None) -> int | None:
    for path in _INFO:
        match good(await ask(client, url + path, key)):
            case {"context_length": int(window)}:
                return positive(window)
            case _:
                pass
    return None


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="SGLang",
    probe=_probe,
    order=50,
    urls=("http://127.0.0.1:30000",),
    # It batches by the hundred. What a desk has to spare for one person is less.
    slots=8,
    signs=(
        Sign(
            Trouble.MEMORY,
            (*CARD_WORDS, "not enough memory. please try to increase --mem-fraction-static"),
            "start SGLang with a smaller --context-length, or another --mem-fraction-static",
        ),
    ),
)
