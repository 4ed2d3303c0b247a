"""Errors of the Messages API, in its own shape.

``{"type":"error","error":{"type":…,"message":…},"request_id":…}`` (platform.claude.com, "Errors").
A peer's refusal is carried to the byte; what is written here are the gateway's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.wire.headers import Head, end_to_end
from standby.core.wire.json import JSON, NotJSONError, dumps, loads

__all__ = [
    "LASTING",
    "Refusal",
    "answer",
    "body",
    "final",
    "is_error",
    "kind_of",
    "lasting",
    "later",
    "message_of",
    "type_of",
]

_FIRST_ERROR: Final = 400
_NO_RETRY: Final = ("x-should-retry", "false")
LASTING: Final = "policy_blocked"
"""The type of an error that asking again does not change."""
_KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    415: "invalid_request_error",
    421: "permission_error",
    429: "rate_limit_error",
    501: "not_supported",
    502: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a peer said instead of an answer, to the byte. ``body`` is coded as ``head`` says."""

    head: Head
    body: bytes


def is_error(status: int) -> bool:
    """Tell whether a status says that something is wrong."""
    return status >= _FIRST_ERROR


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


def answer(status: int, message: str, request_id: str = "") -> tuple[Head, bytes]:
    """Return an error of ours as a whole answer that no client repeats."""
    lines = (("Content-Type", "application/json"), _NO_RETRY)
    named = (("request-id", request_id),) if request_id else ()
    return Head(status, (*lines, *named)), body(status, message, request_id=request_id)


def lasting(message: str) -> tuple[Head, bytes]:
    """Return an error of ours that asking again does not change.

    It is for what a person's word keeps from being answered, and for what no model takes.

    Claude Code asks once and shows the words as they are. To a 529 it adds that the trouble is the
    server's and will pass, to a 403 that one should log in, and any other 400 it asks up to six
    times (measured with 2.1.330; the type is of its contract for gateways).
    """
    head, _ = answer(_FIRST_ERROR, message)
    return head, body(_FIRST_ERROR, message, kind=LASTING)


def later(
    status: int, message: str, retry_after_s: int, request_id: str = ""
) -> tuple[Head, bytes]:
    """Return an error of ours as a whole answer that a client repeats after a while."""
    lines = (("Content-Type", "application/json"), ("Retry-After", str(retry_after_s)))
    named = (("request-id", request_id),) if request_id else ()
    return Head(status, (*lines, *named)), body(status, message, request_id=request_id)


def final(refusal: Refusal) -> tuple[Head, bytes]:
    """Return a peer's refusal as it came, with the header that keeps clients from waiting.

    Without it an SDK program sleeps for the whole ``retry-after``, five hours and more (measured).
    """
    head = refusal.head
    kept = end_to_end(head.headers, less=frozenset({"x-should-retry"}))
    return Head(head.status, (*kept, _NO_RETRY)), refusal.body


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


def type_of(plain: bytes, status: int) -> str:
    """Return the type that an error body names; without one, that of its status."""
    try:
        value = loads(plain)
    except NotJSONError:
        return kind_of(status)
    match value:
        case {"type": "error", "error": {"type": str(kind)}} if kind:
            return kind
        case _:
            return kind_of(status)
