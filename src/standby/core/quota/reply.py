"""What came back from the cloud for one request, as far as quota is concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from standby.core.request import Headers
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["UNIFIED", "Fault", "Reply"]

UNIFIED: Final = "anthropic-ratelimit-unified-"
"""The prefix of every header on a subscription's quota."""

_OK: Final = 200
# An error body is small; what is larger is no error body of the API.
_MAX_FAULT_BYTES: Final = 1024 * 1024

# What the status would have been, had the error come before the head and not inside a stream.
_STATUS_OF: Final[Mapping[str, int]] = {
    "authentication_error": 401,
    "billing_error": 402,
    "invalid_request_error": 400,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
    "request_too_large": 413,
    "timeout_error": 504,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The error object of a body. All is empty when the body holds none."""

    kind: str = ""
    code: str = ""
    """``error.details.error_code``; also found directly in the error."""
    message: str = ""


# No slots: what is read from it is kept beside it, since each reader looks at the same few things.
@dataclass(frozen=True)
class Reply:
    """A head and what belongs to it; or no head at all, when the connection failed.

    A stream whose first event is an ``error`` is given with that event's data as ``body``: it then
    counts as the status that its error type stands for.
    """

    status: int
    """The HTTP status; 0 when there was none."""
    headers: Headers = ()
    body: bytes = b""
    """The plain body of an error; empty for an answer that was served."""
    model: str = ""
    """The model that was requested."""
    broke: str | None = None
    """Why there is no answer: refused, lost, TLS, a deadline. ``None`` when there is one."""

    @cached_property
    def fault(self) -> Fault:
        """The error in the body."""
        return _fault_of(self.body)

    @cached_property
    def meant(self) -> int:
        """The status, or for an error inside a 200 the status that it stands for."""
        if self.status != _OK or not self.fault.kind:
            return self.status
        return _STATUS_OF.get(self.fault.kind, 500)

    @property
    def late(self) -> bool:
        """Whether the error came inside a 200, whose headers speak of a request that was let in."""
        return self.meant != self.status

    @cached_property
    def lower(self) -> Mapping[str, str]:
        """The headers by lower-case name, the first of each."""
        return {name.lower(): value.strip() for name, value in reversed(self.headers)}

    def header(self, name: str) -> str:
        """Return a header by its lower-case name; empty when it is absent."""
        return self.lower.get(name, "")

    def unified(self, name: str) -> str:
        """Return a subscription's header by its name without the prefix, in lower case."""
        return self.lower.get(UNIFIED + name, "").lower()


def _fault_of(body: bytes) -> Fault:
    if not body or len(body) > _MAX_FAULT_BYTES:
        return Fault()
    try:
        value = loads(body)
    except NotJSONError:
        return Fault()
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return Fault()
    return Fault(_text(error.get("type")), _code(error), _text(error.get("message")))


def _code(error: Mapping[str, JSON]) -> str:
    match error:
        case {"details": {"error_code": str(code)}} | {"error_code": str(code)}:
            return code
        case _:
            return ""


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
