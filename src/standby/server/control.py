"""Our own door: is this the gateway, who serves now, what happened last. JSON, all of it."""

from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import parse_qsl

from standby.app.choosing import ChoiceError
from standby.app.showing.usage import QueryError
from standby.core.models.facts import LocalModel
from standby.core.wire import errors
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON, dumps
from standby.ports import EngineError, Wire
from standby.server.paths import PREFIX

__all__ = ["Choices", "ControlDoor", "Loads", "Reports"]

_MOST = 8192
_JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


class Reports(Protocol):
    """What this door needs of the application."""

    async def status(self) -> dict[str, JSON]:
        """Say who serves now, why, until when, and who would take over."""
        ...

    def warm(self) -> dict[str, JSON]:
        """Have the live conversations read by the local engine; say how far that is."""
        ...

    def warmth(self) -> dict[str, JSON]:
        """Say how far the live conversations are read by the local engine."""
        ...

    async def recent(self, limit: int) -> list[JSON]:
        """Return the newest entries of the ledger, newest first."""
        ...

    def glance(self, session: str, project: str) -> dict[str, JSON]:
        """Say in short who answers now and what is left, out of memory and at once."""
        ...


class Loads(Protocol):
    """What can be done about the models of the engines. Both raise :class:`EngineError`."""

    async def load(self, name: str, context_tokens: int = 0) -> LocalModel:
        """Load a model; return it as it is served then."""
        ...

    async def unload(self, name: str) -> LocalModel:
        """Give a model's memory back; return the model."""
        ...


class Choices(Protocol):
    """What it needs where a person chooses who answers."""

    async def use(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Make a choice; say what counts then. Raise ``ChoiceError`` with words for a person."""
        ...


class Reckoning(Protocol):
    """What it needs where somebody asks what was used."""

    async def told(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Report on usage; raise ``QueryError`` with words for a person."""
        ...

    async def foreseen(self) -> JSON:
        """Say when each window will run out, at the cost of a look now and then."""
        ...


class ControlDoor:
    """Answers the gateway's own commands."""

    def __init__(
        self,
        reports: Reports,
        prove: Callable[[str], str],
        loads: Loads,
        choices: Choices,
        reckoning: Reckoning,
    ) -> None:
        self._reports = reports
        self._choices = choices
        self._prove = prove
        """Answers a nonce with what only the holder of the token can answer."""
        self._loads = loads
        self._reckoning = reckoning

    async def serve(self, method: str, target: str, wire: Wire) -> None:
        """Answer a request over a wire."""
        path, _, query = target.partition("?")
        match method, path.removeprefix(PREFIX):
            case "GET", "health":
                nonce = query.removeprefix("nonce=")[:128] if query.startswith("nonce=") else ""
                health: dict[str, JSON] = {"status": "ok"}
                await _deliver(wire, {**health, "proof": self._prove(nonce)} if nonce else health)
            case "POST", "use":
                await self._use(dict(parse_qsl(query[:_MOST], keep_blank_values=True)), wire)
            case "GET", "status":
                await _deliver(wire, await self._reports.status())
            case "GET", "usage":
                await self._usage(dict(parse_qsl(query[:_MOST])), wire)
            case "GET", "glance":
                about = dict(parse_qsl(query[:_MOST]))
                glance = self._reports.glance(about.get("session", ""), about.get("project", ""))
                await _deliver(wire, {**glance, "foreseen": await self._reckoning.foreseen()})
            case "POST", "warm":
                await _deliver(wire, self._reports.warm())
            case "GET", "warm":
                await _deliver(wire, self._reports.warmth())
            case "GET", "recent":
                await _deliver(wire, {"entries": await self._reports.recent(50)})
            case "POST", "models/load" | "models/unload" as what:
                await self._told(what.removeprefix("models/"), dict(parse_qsl(query)), wire)
            case _:
                body = errors.body(404, "the gateway has no such page")
                await wire.deliver(Head(404, _JSON), body)

    async def _told(self, what: str, said: dict[str, str], wire: Wire) -> None:
        name, context = said.get("model", ""), said.get("context", "0")
        try:
            if what == "load":
                wanted = int(context) if context.isdecimal() else 0
                model = await self._loads.load(name, wanted)
            else:
                model = await self._loads.unload(name)
        except EngineError as error:
            await wire.deliver(Head(409, _JSON), errors.body(409, str(error)))
        else:
            window = model.context_tokens
            await _deliver(wire, {"key": model.key, "context_tokens": window})

    async def _usage(self, fields: Mapping[str, str], wire: Wire) -> None:
        try:
            said = await self._reckoning.told(fields)
        except QueryError as error:
            await wire.deliver(Head(400, _JSON), errors.body(400, str(error)))
        else:
            await _deliver(wire, said)

    async def _use(self, fields: Mapping[str, str], wire: Wire) -> None:
        try:
            said = await self._choices.use(fields)
        except ChoiceError as error:
            await wire.deliver(Head(400, _JSON), errors.body(400, str(error)))
        else:
            await _deliver(wire, said)


async def _deliver(wire: Wire, value: JSON) -> None:
    await wire.deliver(Head(200, _JSON), dumps(value))
