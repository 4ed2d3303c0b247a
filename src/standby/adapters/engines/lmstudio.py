"""LM Studio's local server, 0.4 and newer by its own API, 0.3.6 and newer by the older one."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.spec import EngineSpec, ask, entries, good, positive
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.core.wire.json import JSON

__all__ = ["ENGINE"]

_NAME: Final = "lmstudio"


async def _probe(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    match good(await ask(client, f"{url}/api/v1/models", key)):
        case {"models": [*models]}:
            read = [_described(model, url) for model in models]
            return tuple(model for model in read if model is not None)
        case _:
            return await _probe_older(client, url, key)


async def _probe_older(
    client: ClientSession, url: str, key: Secret | None
) -> tuple[LocalModel, ...] | None:
    listed = good(await ask(client, f"{url}/api/v0/models", key))
    match listed:
        case {"object": "list", "data": [*_]}:
            read = [_described_older(item, url) for item in entries(listed)]
            return tuple(model for model in read if model is not None)
        case _:
            return None


def _described(model: JSON, url: str) -> LocalModel | None:
    match model:
        case {"type": "llm" | "vlm", "key": str(name)}:
            instances = _instances(model)
        case _:
            return None
    windows = [window for _, window in instances if window is not None]
    return LocalModel(
        engine=_NAME,
        id=instances[0][0] if instances else name,
        base_url=url,
        # A request may hit any instance of the model. A model that is not loaded gets LM Studio's
        # default for it, which is not shown and is often far below the model's own maximum.
        context_tokens=min(windows) if windows else None,
        loaded=bool(instances),
        tools=_able(model, "trained_for_tool_use"),
        vision=_able(model, "vision"),
        reasoning=_able(model, "reasoning"),
    )


def _instances(model: JSON) -> list[tuple[str, int | None]]:
    found: list[tuple[str, int | None]] = []
    match model:
        case {"loaded_instances": [*instances]}:
            for instance in instances:
                match instance:
                    case {"id": str(name), "config": {"context_length": window}}:
                        found.append((name, positive(window)))
                    case {"id": str(name)}:
                        found.append((name, None))
                    case _:
                        pass
        case _:
            pass
    return found


def _able(model: JSON, ability: str) -> bool | None:
    match model:
        case {"capabilities": dict(abilities)}:
            able = abilities.get(ability)
        case _:
            return None
    # ``reasoning`` may be an object that lists its levels.
    return True if isinstance(able, dict) else able if isinstance(able, bool) else None


def _described_older(item: dict[str, JSON], url: str) -> LocalModel | None:
    match item:
        case {"id": str(name), "type": "llm" | "vlm" as kind, "state": str(state)}:
            return LocalModel(
                engine=_NAME,
                id=name,
                base_url=url,
                context_tokens=positive(item.get("loaded_context_length")),
                loaded=state == "loaded",
                vision=kind == "vlm",
            )
        case _:
            return None


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="LM Studio",
    probe=_probe,
    order=10,
    urls=("http://127.0.0.1:1234",),
)
