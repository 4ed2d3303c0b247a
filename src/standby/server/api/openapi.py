"""The description of the API: OpenAPI 3.1, made here and served, shipped and printed from here."""

from collections.abc import Mapping
from typing import Final

from standby.core.policy.choices import LONGEST_S
from standby.core.wire.json import JSON
from standby.server.api.schemas import SCHEMAS, of, ref

__all__ = ["CHANGES", "PARAMETERS", "PATHS", "document"]

Schema = dict[str, JSON]

_LIMIT: Final = of("integer", "How many at most.", minimum=1, maximum=1000, default=100)
_NO_PARAMETERS: Final[Mapping[str, Schema]] = {}

PARAMETERS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "usage": {
        "since": of("number", "In seconds since the epoch; without it: the last seven days."),
        "by": of("string", enum=["session", "project", "model", "day", "hour"], default="model"),
    },
    "requests": {
        "limit": _LIMIT,
        "session": of("string", "Of this conversation and its subagents alone."),
        "after": of("integer", "Of higher numbers (`seq`) alone.", minimum=0, default=0),
    },
    "sessions": {"limit": of("integer", "How many at most.", minimum=1, maximum=300, default=50)},
    "timeline": {
        "range": of("string", "How far back.", enum=["6h", "24h", "7d", "30d"], default="24h")
    },
}
"""What the query of a path may hold, by the path's name."""

CHANGES: Final[Mapping[str, Mapping[str, Schema]]] = {
    "use": {
        "what": of(
            "string",
            "A mode, or `settings` for what the settings say.",
            enum=["auto", "spare", "local", "cloud", "settings"],
            default="",
        ),
        "for_s": of(
            "integer",
            "For how many seconds; 0: until the next choice.",
            minimum=0,
            maximum=int(LONGEST_S),
            default=0,
        ),
    },
}
"""What the query of a path may hold that changes something."""

PATHS: Final[Mapping[str, tuple[str, str]]] = {
    "status": ("Status", "Who answers now, why, until when, and who would take over."),
    "usage": ("Usage", "What is left, what was spent, who answered: the report of all faces."),
    "timeline": ("Timeline", "Who answered when, with how many tokens and how fast."),
    "requests": ("Requests", "The newest requests, without a word of them."),
    "sessions": ("Sessions", "The conversations of the last thirty days."),
    "sessions/{id}": ("OneSession", "One conversation with its newest requests."),
    "engines": ("Engines", "The local engines: models, slots, memory."),
}
"""What each path answers with: the name of a schema, and what it is in words."""

_ABOUT: Final = """\
What standby knows of itself, read with GET, and one thing that can be changed. Guarded by the
gateway's token, in the header `x-standby-token` or as a bearer. Within a version fields are added,
never taken away or changed.
"""


def document(version: str) -> dict[str, JSON]:
    """Return the whole description. ``version`` is standby's own."""
    paths: dict[str, JSON] = {f"/{name}": _path(name, *what) for name, what in PATHS.items()}
    paths["/events"] = {"get": _events()}
    paths["/use"] = {"post": _use()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "standby", "version": version, "description": _ABOUT},
        "servers": [{"url": "/standby/api/v1"}],
        "security": [{"token": []}, {"bearer": []}, {"visit": []}],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS},
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "x-standby-token"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "visit": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "standby-8484",
                    "description": "What a link of `standby dashboard` opens; the name ends with"
                    " the gateway's port.",
                },
            },
        },
    }


def _path(name: str, schema: str, words: str) -> Schema:
    queries: list[JSON] = [
        {"name": key, "in": "query", "required": False, "schema": about}
        for key, about in PARAMETERS.get(name, _NO_PARAMETERS).items()
    ]
    errors: Schema = {"401": _error("The token is missing or wrong.")}
    if queries:
        errors["400"] = _error("A parameter is not understood.")
    if name.endswith("{id}"):
        queries.append({"name": "id", "in": "path", "required": True, "schema": of("string")})
        errors["404"] = _error("There is no such conversation.")
    return {
        "get": {
            "summary": words,
            "operationId": name.partition("/")[0] + ("One" if "{" in name else ""),
            "parameters": queries,
            "responses": {"200": _answer(words, ref(schema)), **errors},
        }
    }


def _events() -> Schema:
    words = (
        "Server-sent events: `status`, `usage` and `engines`, each with the JSON of the path of the"
        " same name; all at once at the beginning, then what has changed. A comment now and then"
        " keeps the connection alive. At most 32 streams at one time."
    )
    stream: Schema = {
        "description": words,
        "content": {"text/event-stream": {"schema": of("string")}},
    }
    return {
        "summary": "What is live, as it changes.",
        "operationId": "events",
        "parameters": [],
        "responses": {
            "200": stream,
            "401": _error("The token is missing or wrong."),
            "429": _error("Too many are watching."),
        },
    }


def _use() -> Schema:
    words = (
        "Choose who answers all requests, from the next one on; it survives a restart. With the"
        " token, or from the dashboard with the key that its link has left in the page."
    )
    return {
        "summary": words,
        "operationId": "use",
        "parameters": [
            {"name": key, "in": "query", "required": key == "what", "schema": about}
            for key, about in CHANGES["use"].items()
        ],
        "responses": {
            "200": _answer("What counts now.", ref("Choice")),
            "400": _error("A parameter is not understood."),
            "401": _error("The token is missing or wrong."),
        },
    }


def _answer(words: str, schema: Schema) -> Schema:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _error(words: str) -> Schema:
    return _answer(words, ref("Error"))
