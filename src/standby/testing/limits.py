"""The ways in which the cloud refuses a request, by name, and how it speaks of quota.

Each form takes a :class:`Moment` and returns what becomes of the request: a refusal to the byte, an
answer with other headers, a connection that breaks, or ``None`` where the limit is not about this
request. Names and meanings of the headers: platform.claude.com ("Rate limits"), public reports of
the ``unified`` family. One more form is one more entry of :data:`FORMS`.
"""

import enum
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from standby.core.request import Headers
from standby.core.wire.json import JSON, dumps
from standby.core.wire.rules.lines import line_of
from standby.testing.accounts import Plan

__all__ = [
    "FORMS",
    "Breakdown",
    "Form",
    "Moment",
    "Outcome",
    "Refused",
    "Served",
    "failure",
    "served_headers",
]

_FIVE_HOURS_S: Final = 5 * 3600
_SEVEN_DAYS_S: Final = 7 * 86_400
_WARNED_FROM: Final = 0.9
_PREFIX: Final = "anthropic-ratelimit-unified-"
# How full the windows of five hours and of seven days are when one of them is the limit. Where the
# limit is one line of models, neither is.
_SPENT: Final = {"five_hour": (1.02, 0.41), "seven_day": (0.35, 1.0)}


@dataclass(frozen=True, slots=True)
class Moment:
    """A request that meets a limit."""

    now: float
    """Seconds since the epoch."""
    reset: float
    """When the limit ends, seconds since the epoch."""
    model: str
    streamed: bool
    plan: Plan
    request_id: str
    used: float = 0.0
    """The fraction of the five hours' quota that is spent."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What is said instead of an answer."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """The request is answered, with these headers about its quota."""

    headers: Headers


class Breakdown(enum.Enum):
    """What becomes of a connection before a single byte of an answer."""

    CLOSED = "closed"
    RESET = "reset"
    SILENT = "silent"
    """Held open, for as long as the client likes."""


Outcome: TypeAlias = Refused | Served | Breakdown | None
Form: TypeAlias = Callable[[Moment], Outcome]


def served_headers(moment: Moment) -> Headers:
    """Return what every answer says of the quota that is left."""
    if moment.plan is Plan.API:
        return _classic(moment.now, moment.used)
    status = "allowed_warning" if moment.used >= _WARNED_FROM else "allowed"
    return _unified(moment, status, "five_hour", moment.used, 0.41)


def failure(
    status: int, kind: str, message: str, request_id: str, *headers: tuple[str, str], code: str = ""
) -> Refused:
    """Return a refusal in the API's shape."""
    error: dict[str, JSON] = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    body = dumps({"type": "error", "error": error, "request_id": request_id})
    return Refused(status, (("content-type", "application/json"), *headers), body)


def _window(claim: str, line: str = "") -> Form:
    """Return the end of a subscription's window; with ``line``, of one line of models only."""

    def refused(moment: Moment) -> Outcome:
        named = line_of(moment.model)
        if line and (named is None or named.name != line):
            return None
        five, seven = _SPENT.get(claim, (0.35, 0.62))
        return failure(
            429,
            "rate_limit_error",
            "This request would exceed your account's rate limit. Please try again later.",
            moment.request_id,
            *_unified(moment, "rejected", claim, five, seven),
            ("retry-after", _wait(moment)),
        )

    return refused


def _unified(moment: Moment, status: str, claim: str, five: float, seven: float) -> Headers:
    at_five, at_seven = moment.now + _FIVE_HOURS_S, moment.now + _SEVEN_DAYS_S
    ends = moment.reset if status == "rejected" else at_five
    if claim == "five_hour":
        at_five = ends
    elif claim == "seven_day":
        at_seven = ends
    said = {
        "status": status,
        "reset": _epoch(ends),
        "representative-claim": claim,
        "5h-status": _status(status, five),
        "5h-reset": _epoch(at_five),
        "5h-utilization": f"{five:.2f}",
        "7d-status": _status(status, seven),
        "7d-reset": _epoch(at_seven),
        "7d-utilization": f"{seven:.2f}",
        "overage-status": "rejected",
        "overage-disabled-reason": "org_level_disabled",
        "fallback-percentage": "0",
    }
    return tuple((_PREFIX + name, value) for name, value in said.items())


def _status(status: str, used: float) -> str:
    if status == "rejected":
        return "rejected" if used >= 1 else "allowed"
    return "allowed_warning" if used >= _WARNED_FROM else "allowed"


def _overage_running(moment: Moment) -> Outcome:
    """Serve on at a price: the window is spent, paid extra usage has begun."""
    said = dict(_unified(moment, "rejected", "seven_day", 0.35, 1.0))
    said |= {_PREFIX + "overage-status": "allowed", _PREFIX + "overage-in-use": "true"}
    said.pop(_PREFIX + "overage-disabled-reason")
    return Served(tuple(said.items()))


def _classic(now: float, used: float) -> Headers:
    families = {"requests": 50, "tokens": 80_000, "input-tokens": 60_000, "output-tokens": 20_000}
    soon = _rfc3339(now + 60)
    return tuple(
        (f"anthropic-ratelimit-{family}-{name}", value)
        for family, limit in families.items()
        for name, value in (
            ("limit", str(limit)),
            ("remaining", str(max(0, math.floor(limit * (1 - used))))),
            ("reset", soon),
        )
    )


def _burst(moment: Moment) -> Outcome:
    headers = _classic(moment.now, 1.0) if moment.plan is Plan.API else ()
    return failure(
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 50 requests per minute.",
        moment.request_id,
        *headers,
        ("retry-after", "2"),
    )


def _says(
    status: int,
    kind: str,
    message: str,
    *,
    code: str = "",
    retry_after: str = "",
) -> Form:
    """Return a form that is one error; ``{date}`` in its words is when the limit ends."""

    def refused(moment: Moment) -> Outcome:
        ends = datetime.fromtimestamp(moment.reset, UTC)
        words = message.replace("{date}", f"{ends:%Y-%m-%d} at {ends:%H:%M} UTC")
        after = (("retry-after", retry_after),) if retry_after else ()
        return failure(status, kind, words, moment.request_id, *after, code=code)

    return refused


def _overloaded_in_stream(moment: Moment) -> Outcome:
    """Refuse inside a 200: the first event of the stream is the error."""
    refusal = failure(529, "overloaded_error", "Overloaded", moment.request_id)
    if not moment.streamed:
        return refusal
    headers = (("content-type", "text/event-stream; charset=utf-8"),)
    return Refused(200, headers, b"event: error\ndata: %b\n\n" % refusal.body)


def _bad_gateway(_moment: Moment) -> Outcome:
    page = b"<html><head><title>502 Bad Gateway</title></head><body>502</body></html>\r\n"
    return Refused(502, (("content-type", "text/html"),), page)


def _waits(retry_after: str) -> Form:
    return _says(
        429, "rate_limit_error", "Rate limited. Please try again later.", retry_after=retry_after
    )


def _breaks(how: Breakdown) -> Form:
    return lambda _moment: how


def _wait(moment: Moment) -> str:
    return str(max(1, math.ceil(moment.reset - moment.now)))


def _epoch(at: float) -> str:
    return str(math.ceil(at))


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(math.ceil(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FORMS: Final[Mapping[str, Form]] = {
    "five_hour": _window("five_hour"),
    "seven_day": _window("seven_day"),
    "seven_day_opus": _window("seven_day_opus", "opus"),
    "seven_day_sonnet": _window("seven_day_sonnet", "sonnet"),
    "overage_running": _overage_running,
    "burst": _burst,
    "bare_429": _says(429, "rate_limit_error", "Rate limited. Please try again later."),
    "long_429": lambda moment: failure(
        429,
        "rate_limit_error",
        "Rate limited. Please try again later.",
        moment.request_id,
        ("retry-after", _wait(moment)),
    ),
    "ramp": _says(
        429,
        "rate_limit_error",
        "Your traffic has grown too fast. Increase it more gradually.",
        code="ramp_limit_exceeded",
        retry_after="10",
    ),
    "tier_cap": _says(
        429,
        "rate_limit_error",
        "You have reached your API usage limits: the monthly limit of your tier. "
        "You will regain access on {date}.",
        code="enforced_spend_limit_reached",
    ),
    "contract_cap": _says(
        429,
        "rate_limit_error",
        "You have reached the spend limit of your contract.",
        code="contract_spend_limit_reached",
    ),
    "spend_limit": _says(
        400,
        "invalid_request_error",
        "You have reached your specified API usage limits. You will regain access on {date}.",
    ),
    "credit_400": _says(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    "billing_402": _says(
        402,
        "billing_error",
        "The spend limit of your linked organization has been reached.",
        code="linked_organization_spend_limit_reached",
    ),
    "overloaded_529": _says(529, "overloaded_error", "Overloaded"),
    "overloaded_sse": _overloaded_in_stream,
    "huge_wait": _waits("99999999999"),
    "wait_in_words": _waits("soon"),
    "negative_wait": _waits("-30"),
    "bad_request": _says(
        400, "invalid_request_error", "messages: at least one message is required"
    ),
    "too_long": _says(
        400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"
    ),
    "denied_401": _says(401, "authentication_error", "Invalid bearer token"),
    "denied_403": _says(403, "permission_error", "OAuth token has been revoked."),
    "unknown_model": _says(404, "not_found_error", "model: nobody-knows"),
    "too_large": _says(413, "request_too_large", "Request exceeds the maximum size"),
    "outage_500": _says(500, "api_error", "Internal server error"),
    "outage_502_html": _bad_gateway,
    "outage_503": _says(503, "api_error", "Service unavailable"),
    "close": _breaks(Breakdown.CLOSED),
    "reset": _breaks(Breakdown.RESET),
    "hang": _breaks(Breakdown.SILENT),
}
"""Every form by its name."""
