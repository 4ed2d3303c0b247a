"""vLLM. Whether it knows tools depends on how it was started, and it does not say."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.signs import CARD_WORDS
from standby.adapters.engines.spec import EngineSpec, answers_chat, ask, entries, good, positive
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Sign, Trouble
from standby.core.redact import Secret

__all__ = ["ENGINE"]

_NAME: Final = "vllm"


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    match good(await ask(client, f"{url}/version", key)):
        case {"version": str()}:
            pass
        case _:
            return None
    listed = good(await ask(client, f"{url}/v1/models", key))
    found: list[LocalModel] = []
    for item in entries(listed):
        match item:
            case {"id": str(name), "owned_by": "vllm", "max_model_len": int(window)}:
                found.append(LocalModel(_NAME, name, url, context_tokens=positive(window)))
            case _:
                pass
    return tuple(model for model in found if answers_chat(model.id)) if found else None


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="vLLM",
    probe=_probe,
    order=40,
    urls=("http://127.0.0.1:8000",),
    # It batches by the hundred. What a desk has to spare for one person is less.
    slots=8,
    signs=(
        Sign(
            Trouble.MEMORY,
            (*CARD_WORDS, "no available memory for the cache blocks"),
            "start vLLM with a smaller --max-model-len, or a larger --gpu-memory-utilization",
        ),
    ),
)
