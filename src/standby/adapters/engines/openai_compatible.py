"""Any other server that speaks OpenAI chat completions."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.spec import EngineSpec, answers_chat, ask, entries, good, positive
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.core.wire.json import JSON

__all__ = ["ENGINE"]

_NAME: Final = "openai_compatible"

# What servers call the window, where they tell it at all.
_WINDOWS: Final = ("max_model_len", "context_length", "context_window", "max_context_length")


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    listed = good(await ask(client, f"{url}/v1/models", key))
    match listed:
        case {"data": [*_]}:
            pass
        case _:
            return None
    found: list[LocalModel] = []
    for item in entries(listed):
        match item:
            case {"id": str(name)} if answers_chat(name):
                found.append(LocalModel(_NAME, name, url, context_tokens=_window(item)))
            case _:
                pass
    return tuple(found)


def _window(item: dict[str, JSON]) -> int | None:
    return next(
        (window for name in _WINDOWS if (window := positive(item.get(name))) is not None), None
    )


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="OpenAI-compatible server",
    probe=_probe,
    order=70,
    # Where Jan, GPT4All, KoboldCpp and text-generation-webui listen; then the ports of others.
    urls=tuple(f"http://127.0.0.1:{port}" for port in (1337, 4891, 5001, 5000, 8000, 8080)),
    last_resort=True,
)
