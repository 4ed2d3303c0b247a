"""The door to the API: which view a path is for, and what of its query is understood."""

from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import unquote

from standby.app.choosing import ChoiceError
from standby.app.showing.usage import QueryError as UsageError
from standby.core.request import Headers
from standby.core.wire import errors
from standby.core.wire.headers import Head
from standby.core.wire.json import JSON, dumps
from standby.ports import RecordsError, Wire
from standby.server.api.events import Events
from standby.server.api.openapi import CHANGES, PARAMETERS, Schema, document
from standby.server.api.query import Query, QueryError
from standby.server.paths import API

__all__ = ["ApiDoor", "Spending", "Standing", "Views"]

_JSON: Final = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_NONE: Final[Mapping[str, Schema]] = {}


class Standing(Protocol):
    """Says how things stand."""

    async def status(self) -> dict[str, JSON]:
        """Who serves now, why, until when, and who would take over."""
        ...


class Spending(Protocol):
    """Says what is left and what was spent."""

    async def told(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Return the report that all faces show; raise ``QueryError`` with words for a person."""
        ...


class Changing(Protocol):
    """Lets a person choose who answers."""

    async def use(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Make a choice; say what counts then. Raise ``ChoiceError`` with words for a person."""
        ...


class Views(Protocol):
    """Shows what there is room for here only."""

    async def engines(self) -> dict[str, JSON]:
        """The local engines as they are now."""
        ...

    async def requests(self, limit: int, session: str, after: int) -> dict[str, JSON]:
        """Requests, the newest first."""
        ...

    async def sessions(self, limit: int) -> dict[str, JSON]:
        """Conversations, the one that was used last first."""
        ...

    async def session(self, session: str) -> dict[str, JSON] | None:
        """One conversation with its requests; ``None`` when there is none of this name."""
        ...

    async def timeline(self, name: str) -> dict[str, JSON]:
        """Who answered when, and how fast."""
        ...


class ApiDoor:
    """Answers below ``/standby/api/v1/``, with JSON and with a stream of events."""

    def __init__(
        self,
        standing: Standing,
        spending: Spending,
        views: Views,
        events: Events,
        version: str,
        changing: Changing,
    ) -> None:
        self._standing = standing
        self._spending = spending
        self._views = views
        self._events = events
        self._version = version
        self._changing = changing

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of this door's."""
        return path.startswith(API)

    async def serve(self, method: str, target: str, headers: Headers, wire: Wire) -> None:
        """Answer a request over a wire."""
        del headers
        path, _, query = target.partition("?")
        name, _, rest = path.removeprefix(API).partition("/")
        if (method, name, rest) == ("POST", "use", ""):
            await wire.deliver(*await self._use(query))
        elif method not in {"GET", "HEAD"}:
            await wire.deliver(*errors.answer(405, "the API is read with GET"))
        elif (method, name, rest) == ("GET", "events", ""):
            await self._events.stream(wire)
        else:
            await wire.deliver(*await self._answer(name, rest, query))

    async def _use(self, text: str) -> tuple[Head, bytes]:
        """Choose a mode for all requests: what is narrower is for who has the token."""
        try:
            query = Query(text, CHANGES["use"])
            length = query.whole("for_s")
            fields = {"what": query.text("what"), **({"for_s": f"{length}"} if length else {})}
            value = await self._changing.use(fields)
        except (QueryError, ChoiceError) as error:
            return errors.answer(400, str(error))
        return Head(200, _JSON), dumps(value)

    async def _answer(self, name: str, rest: str, text: str) -> tuple[Head, bytes]:
        try:
            query = Query(text, _NONE if rest else PARAMETERS.get(name, _NONE))
            value = await (self._one(name, rest) if rest else self._value(name, query))
        except (QueryError, UsageError) as error:
            return errors.answer(400, str(error))
        except RecordsError as error:
            return errors.answer(503, str(error))
        if value is None:
            return errors.answer(404, "the API has no such page")
        return Head(200, _JSON), dumps(value)

    async def _one(self, name: str, rest: str) -> dict[str, JSON] | None:
        return await self._views.session(unquote(rest)) if name == "sessions" else None

    async def _value(self, name: str, query: Query) -> dict[str, JSON] | None:
        views = self._views
        match name:
            case "status":
                return await self._standing.status()
            case "usage":
                return await self._spending.told(query.fields)
            case "engines":
                return await views.engines()
            case "timeline":
                return await views.timeline(query.text("range"))
            case "sessions":
                return await views.sessions(query.whole("limit"))
            case "requests":
                limit, after = query.whole("limit"), query.whole("after")
                return await views.requests(limit, query.text("session"), after)
            case "openapi.json":
                return document(self._version)
            case _:
                return None
