"""The list of models that a client may choose from: the cloud's and the local ones together."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final
from urllib.parse import unquote

from standby.app.cloud.candidate import Line, labelled
from standby.app.local.engines import Engines
from standby.app.local.speeds import Speeds
from standby.app.warming.warm import Warming
from standby.core.models.facts import LocalModel
from standby.core.models.label import label
from standby.core.policy.names import advertised, is_local_name, matches
from standby.core.request import NOBODY, Caller, Request
from standby.core.wire import errors
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import UpstreamError, Wire

__all__ = ["Catalogue"]

# Claude Code gives discovery 3 s, and falls back to its built-in list.
CLOUD_S: Final = 2.0
_ELSEWHERE: Final = frozenset({429, *range(500, 600)})
_REDIRECTS: Final = frozenset(range(300, 400))
_JSON: Final = (("Content-Type", "application/json"),)
_LOCAL: Final = (*_JSON, (SERVED_BY, "local"))
_ONE: Final = "/v1/models/"

Serve = Callable[[Request, Caller, Wire], Awaitable[None]]


class Catalogue:
    """Answers ``GET /v1/models``, also when the cloud cannot, and what asks for a local model."""

    def __init__(
        self,
        line: Line,
        engines: Engines,
        speeds: Speeds | None = None,
        warming: Warming | None = None,
    ) -> None:
        self._line = line
        self._engines = engines
        self._speeds = speeds or Speeds()
        self._warming = warming

    async def models(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Send the merged list; a page of the cloud's that is not its first comes as it is."""
        answer = None if caller.account == NOBODY else await self._of_cloud(request)
        if not caller.trusted:
            unreachable = errors.answer(502, "the cloud cannot be reached")
            return await wire.deliver(*(answer or unreachable))
        if answer is not None and answer[0].status in _ELSEWHERE:
            answer = None
        cloud = None if answer is None else _page(self._line.plain(*answer))
        if answer is not None and cloud is None:
            return await wire.deliver(*answer)
        first = not any(f"{name}_id=" in request.target for name in ("after", "before"))
        local = await self._engines.candidates() if first else ()
        page = _merged(cloud or {}, [self._entry(model) for model in local])
        served = "cloud, local" if cloud else "local"
        return await wire.deliver(Head(200, (*_JSON, (SERVED_BY, served))), dumps(page))

    def one(self, otherwise: Serve) -> Serve:
        """Return what answers ``GET /v1/models/ID``: of a local model we, else the other."""

        async def asked(request: Request, caller: Caller, wire: Wire) -> None:
            name = unquote(request.path.removeprefix(_ONE))
            if caller.trusted and is_local_name(name):
                await wire.deliver(*await self._one(name))
            else:
                await otherwise(request, caller, wire)

        return asked

    async def _one(self, name: str) -> tuple[Head, bytes]:
        local = await self._engines.candidates()
        found = next((model for model in local if matches(name, model)), None)
        if found is None:
            return errors.answer(404, f"there is no local model {name!r}")
        return Head(200, _LOCAL), dumps(self._entry(found))

    def _entry(self, model: LocalModel) -> JSON:
        speed = self._speeds.of(model).tokens_a_second
        warm = self._warming is not None and self._warming.has_read(model)
        return {
            "type": "model",
            "id": advertised(model),
            "display_name": label(model, speed, warm=warm),
            "description": f"Local model, {model.window}",
            "created_at": "1970-01-01T00:00:00Z",
            "max_input_tokens": model.context_tokens,
        }

    async def _of_cloud(self, request: Request) -> tuple[Head, bytes] | None:
        """Return the cloud's answer to the byte; ``None`` when there is none to show."""
        body = bytearray()
        head: Head | None = None
        try:
            async for item in self._line.items(request, head_s=CLOUD_S):
                if isinstance(item, Head):
                    head = labelled(item)
                else:
                    body += item
        except UpstreamError:
            return None
        return None if head is None or head.status in _REDIRECTS else (head, bytes(body))


def _page(plain: bytes) -> Mapping[str, JSON] | None:
    try:
        value = loads(plain)
    except NotJSONError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("data"), list) else None


def _merged(page: Mapping[str, JSON], local: Iterable[JSON]) -> dict[str, JSON]:
    theirs = page.get("data")
    data = [*local, *(theirs if isinstance(theirs, list) else [])]
    ids = [entry["id"] for entry in data if isinstance(entry, dict) and "id" in entry]
    return {
        "has_more": False,
        **page,
        "data": data,
        "first_id": ids[0] if ids else None,
        "last_id": page.get("last_id", ids[-1] if ids else None),
    }
