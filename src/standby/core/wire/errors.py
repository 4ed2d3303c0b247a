"""Errors of the Messages API, in its own shape.

``{"type":"error","error":{"type":…,"message":…},"request_id":…}`` (platform.claude.com, "Errors").
A peer's refusal is carried to the byte; what is written here are the gateway's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.wire.headers import Head
from standby.core.wire.json import JSON, NotJSONError, dumps, loads

__all__ = ["Refusal", "body", "kind_of", "message_of"]

_KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    415: "invalid_request_error",
    421: "permission_error",
    429: "rate_limit_error",
    501: "not_supported",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a peer said instead of an answer, to the byte. ``body`` is coded as ``head`` says."""

    head: Head
    body: bytes


def kind_of(status: int) -> str:
    """Return the error type that goes with a status."""
    return _KINDS.get(status, "api_error")


def body(status: int, message: str, *, kind: str | None = None, request_id: str = "") -> bytes:
    """Return the body of an error of ours."""
    said: dict[str, JSON] = {"type": kind or kind_of(status), "message": message}
    whole: dict[str, JSON] = {"type": "error", "error": said}
    if request_id:
        whole["request_id"] = request_id
    return dumps(whole)


def message_of(plain: bytes) -> str:
    """Return the words of an error body, Anthropic's or OpenAI's shape; empty when it has none."""
    try:
        value = loads(plain)
    except NotJSONError:
        return ""
    match value:
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return message
        case {"message": str(message)}:
            return message
        case _:
            return ""
