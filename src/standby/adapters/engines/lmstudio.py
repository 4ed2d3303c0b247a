"""LM Studio's local server, 0.4 and newer by its own API, 0.3.6 and newer by the older one."""

from typing import Final

from aiohttp import ClientSession

from standby.adapters.engines.signs import CARD_WORDS
from standby.adapters.engines.spec import EngineSpec, ask, entries, good, positive, tell
from standby.core.models.facts import LocalModel
from standby.core.models.troubles import Sign, Trouble
from standby.core.redact import Secret
from standby.core.wire.json import JSON
from standby.ports import EngineError

__all__ = ["ENGINE"]

_NAME: Final = "lmstudio"
_TITLE: Final = "LM Studio"
_OLDER: Final = 501  # there is no such interface
_NO_SUCH: Final = 404


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


async def _load(
    client: ClientSession, model: LocalModel, key: Secret | None, context_tokens: int
) -> str:
    """Load it with a window as large as it is wanted, and as the model has one.

    An instance that is there and large enough stays; a smaller one goes first, or two of the model
    would lie in memory, and a request could hit either.
    """
    listed = await _found(client, model, key)
    window = min(context_tokens, _most(listed) or context_tokens)
    instances = _instances(listed)
    for name, has in instances:
        if has is not None and has >= window:
            return name
    for name, _ in instances:
        await _let_go(client, model, key, name)
    body: dict[str, JSON] = {"model": _key_of(listed, model), "echo_load_config": True}
    if window:
        body["context_length"] = window
    said = await tell(client, _TITLE, f"{model.base_url}/api/v1/models/load", key, body)
    match said:
        # The name of the first edition of this interface goes second.
        case {"instance_id": str(name)} | {"model_instance_id": str(name)}:
            return name
        case _:
            raise EngineError(f"{_TITLE} does not say what it has loaded")


async def _unload(client: ClientSession, model: LocalModel, key: Secret | None) -> None:
    """Unload all instances of the model: a request for it may hit any."""
    names = [name for name, _ in _instances(await _found(client, model, key))]
    if not names:
        raise EngineError(f"{model.id} is not loaded in {_TITLE}")
    for name in names:
        await _let_go(client, model, key, name)


async def _let_go(client: ClientSession, model: LocalModel, key: Secret | None, name: str) -> None:
    url = f"{model.base_url}/api/v1/models/unload"
    await tell(client, _TITLE, url, key, {"instance_id": name})


async def _found(client: ClientSession, model: LocalModel, key: Secret | None) -> JSON:
    """Return the model's entry in the list. Raise :class:`EngineError` if there is none."""
    try:
        listed = good(await ask(client, f"{model.base_url}/api/v1/models", key))
    except TimeoutError:
        raise EngineError(f"{_TITLE} is too busy to say what it has") from None
    match listed:
        case {"models": [*models]}:
            pass
        case _:
            raise EngineError(
                f"this {_TITLE} cannot be told to load models: it is older than 0.4, or gone; load"
                " the model in its window, or with `lms load`",
                _OLDER,
            )
    for entry in models:
        if model.id == _key_of(entry, model) or model.id in {name for name, _ in _instances(entry)}:
            return entry
    raise EngineError(f"{_TITLE} has no model {model.id!r}", _NO_SUCH)


def _key_of(entry: JSON, model: LocalModel) -> str:
    match entry:
        case {"key": str(name)}:
            return name
        case _:
            return model.id


def _most(entry: JSON) -> int | None:
    return positive(entry.get("max_context_length")) if isinstance(entry, dict) else None


ENGINE: Final = EngineSpec(
    name=_NAME,
    title=_TITLE,
    probe=_probe,
    order=10,
    urls=("http://127.0.0.1:1234",),
    load=_load,
    unload=_unload,
    loads_small=True,
    signs=(
        Sign(
            Trouble.MEMORY,
            (
                *CARD_WORDS,
                "insufficient system resources",
            ),
            "load it with a smaller context length, or with fewer layers on the card, in LM Studio",
        ),
    ),
)
