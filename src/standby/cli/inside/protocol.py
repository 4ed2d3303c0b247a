"""The Model Context Protocol as far as a server of tools needs it: messages in, messages out.

JSON-RPC 2.0, one message a line. No I/O here, and no tool is run: what is to be called is returned.
Versions and shapes: modelcontextprotocol.io, specifications 2024-11-05 to 2025-11-25.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from standby.cli.inside.tools import TOOLS, BadArgumentError, Tool, words_of
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["VERSIONS", "Call", "Id", "parse_error", "received", "result_of"]

VERSIONS: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The versions that we speak, the newest first."""

_PARSE: Final = -32700
_INVALID: Final = -32600
_NO_METHOD: Final = -32601
_PARAMS: Final = -32602

Id: TypeAlias = str | int
_Reply: TypeAlias = dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool is to be called: the request that wants the answer, and the words of our command."""

    id: Id
    words: tuple[str, ...]


def received(line: bytes, version: str) -> _Reply | Call | None:
    """Return what a line of the client asks for: a reply, a call, or nothing.

    ``version`` is what we say of ourselves.
    """
    try:
        message = loads(line)
    except NotJSONError:
        return parse_error()
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return _error(None, _INVALID, "this is not a JSON-RPC 2.0 request")
    id_ = message.get("id")
    match message.get("method"):
        case None if "result" in message or "error" in message:
            return None  # an answer, to a question that we have not asked
        case str() if "id" not in message:
            return None  # a notification: nobody waits for an answer, not even to a wrong one
        case str(method) if isinstance(id_, str | int):
            return _asked(id_, method, message.get("params"), version)
        case _:
            return _error(None, _INVALID, "this is not a JSON-RPC 2.0 request")


def result_of(id_: Id, text: str, *, well: bool) -> _Reply:
    """Return the answer to a call, once the tool has said something."""
    content: list[JSON] = [{"type": "text", "text": text}]
    return _result(id_, {"content": content, "isError": not well})


def parse_error() -> _Reply:
    """Return the answer to a line that is no JSON, or longer than any that is meant."""
    return _error(None, _PARSE, "this is not JSON")


def _asked(id_: Id, method: str, params: JSON, version: str) -> _Reply | Call:
    match method:
        case "initialize":
            return _result(id_, _introduced(params, version))
        case "ping":
            return _result(id_, {})
        case "tools/list":
            return _result(id_, {"tools": [_shown(tool) for tool in TOOLS.values()]})
        case "tools/call":
            return _called(id_, params)
        case _:
            return _error(id_, _NO_METHOD, f"there is no method {method[:100]!r}")


def _introduced(params: JSON, version: str) -> dict[str, JSON]:
    """Return who we are, in the client's version of the protocol or in the newest that we know."""
    match params:
        case {"protocolVersion": str(wanted)} if wanted in VERSIONS:
            spoken = wanted
        case _:
            spoken = VERSIONS[0]
    return {
        "protocolVersion": spoken,
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": "standby", "title": "standby", "version": version},
        "instructions": (
            "Says who answers the requests of this conversation (the cloud or a local model), what"
            " is left of the cloud's quota, and switches between them."
        ),
    }


def _shown(tool: Tool) -> JSON:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.about,
        "inputSchema": tool.schema,
        "annotations": {
            "title": tool.title,
            "readOnlyHint": tool.only_looks,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        },
    }


def _called(id_: Id, params: JSON) -> _Reply | Call:
    given = params if isinstance(params, dict) else {}
    name = given.get("name")
    if not isinstance(name, str) or name not in TOOLS:
        return _error(id_, _PARAMS, f"there is no tool {str(name)[:100]!r}")
    try:
        return Call(id_, words_of(TOOLS[name], given.get("arguments")))
    except BadArgumentError as error:
        # For the model, which can mend it; a protocol error is for the client.
        return result_of(id_, str(error), well=False)


def _result(id_: Id, result: dict[str, JSON]) -> _Reply:
    return {"jsonrpc": "2.0", "id": id_, "result": result}


def _error(id_: Id | None, code: int, words: str) -> _Reply:
    return {"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": words}}
