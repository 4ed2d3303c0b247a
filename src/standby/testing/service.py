"""What the fake cloud does with a request, from credential to answer; it touches no socket."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from standby.core.request import Headers
from standby.core.wire.asked import Asked, read
from standby.core.wire.errors import kind_of, message_of
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.core.wire.purpose import PROBES
from standby.core.wire.rules.lines import line_of
from standby.testing.accounts import CloudAccount, Denied, Plan, who
from standby.testing.answers import frames, whole
from standby.testing.faults import FAULTS, Broken, Ending
from standby.testing.hostile import HOSTILE, Hostile
from standby.testing.limits import Breakdown, Moment, Refused, Served, failure, served_headers
from standby.testing.log import Received
from standby.testing.meter import prompt_tokens
from standby.testing.model import Model
from standby.testing.standing import Standing

__all__ = ["MAX_BODY_BYTES", "Reply", "Service", "too_large"]

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
_JSON: Final = ("content-type", "application/json")
_STREAM: Final = ("content-type", "text/event-stream; charset=utf-8")
_MODELS: Final = (
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-4-5-20251001",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back, and what the log says of it."""

    status: int
    headers: Headers
    data: tuple[bytes, ...]
    """The body in the pieces in which it is written."""
    streamed: bool = False
    ending: Ending = Ending.WHOLE
    breakdown: Breakdown | None = None
    """When set, nothing of the above is ever sent."""
    hostile: Hostile | None = None
    """When set, what goes out is made of the above in this way."""
    account: str = ""
    refused: bool = False
    why: str = ""


@dataclass(slots=True)
class Service:
    """The cloud behind its socket. Every request changes it."""

    model: Model
    accounts: tuple[CloudAccount, ...]
    clock: Callable[[], float]
    """Returns the seconds since the epoch."""
    standings: dict[str, Standing] = field(default_factory=dict[str, Standing])
    faults: deque[str] = field(default_factory=deque[str])
    """Names of :data:`~standby.testing.faults.FAULTS`, for the next streamed answers, and of
    :data:`~standby.testing.hostile.HOSTILE`, for the next of any kind."""

    def standing(self, account: str) -> Standing:
        """Return how an account stands."""
        return self.standings.setdefault(account, Standing())

    def reply(self, received: Received) -> Reply:
        """Return what a request gets."""
        request_id = self.model.mint("req_011")
        reply = self._reply(received, request_id)
        common = (
            ("request-id", request_id),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        )
        return replace(reply, headers=(*reply.headers, *common))

    def _reply(self, received: Received, request_id: str) -> Reply:
        if received.method in {"HEAD", "GET"} and received.path in {"/", "/api/hello"}:
            return Reply(200, (_JSON,), (b"{}",))
        account = who(received.headers, self.accounts)
        if isinstance(account, Denied):
            return _error(401, account.why, request_id)
        reply = self._for(account, received, request_id)
        return replace(reply, account=account.name)

    def _for(self, account: CloudAccount, received: Received, request_id: str) -> Reply:
        match received.method, received.path.split("/"):
            case "POST", ["", "v1", "messages"]:
                return self._body(account, received, request_id, self._message)
            case "POST", ["", "v1", "messages", "count_tokens"]:
                return self._body(account, received, request_id, _count)
            case "GET", ["", "v1", "models"]:
                return _models()
            case "GET", ["", "v1", "models", name] if name in _MODELS:
                return _json(_model(name))
            case "GET", ["", "v1", "models", name]:
                return _error(404, f"model: {name}", request_id)
            case "GET", ["", "api", "oauth", "usage"] if account.plan is Plan.SUBSCRIPTION:
                return self._usage(account)
            case _:
                return _error(404, "Not found", request_id)

    def _body(
        self,
        account: CloudAccount,
        received: Received,
        request_id: str,
        then: "Callable[[CloudAccount, Received, Mapping[str, JSON], str], Reply]",
    ) -> Reply:
        """Go on with a body that the rules allow, or say what they do not."""
        if not received.header("anthropic-version"):
            return _error(400, "anthropic-version: header is required", request_id)
        try:
            value = loads(received.body)
        except NotJSONError as error:
            return _error(400, f"The request body is not valid JSON: {error}", request_id)
        if not isinstance(value, dict):
            return _error(400, "Input should be a valid dictionary", request_id)
        model = value.get("model")
        if isinstance(model, str) and model and not _is_known(model):
            return _error(404, f"model: {model}", request_id)
        counting = received.path.endswith("/count_tokens")
        if broken := self.model.refuses(account.name, value, counting=counting):
            return _error(400, broken, request_id)
        return then(account, received, value, request_id)

    def _message(
        self,
        account: CloudAccount,
        received: Received,
        value: Mapping[str, JSON],
        request_id: str,
    ) -> Reply:
        standing = self.standing(account.name)
        now = self.clock()
        streamed = value.get("stream") is True
        moment = Moment(
            now, now, str(value.get("model")), streamed, account.plan, request_id, standing.used()
        )
        outcome = standing.judge(moment)
        if isinstance(outcome, Breakdown):
            return Reply(0, (), (), breakdown=outcome, refused=True, why=outcome.value)
        if isinstance(outcome, Refused):
            return _refusal(outcome)
        headers = outcome.headers if isinstance(outcome, Served) else None
        works = _works(received.body)
        if works:
            standing.served()
        if headers is None:
            headers = served_headers(replace(moment, used=standing.used()))
        return self._answer(account, received, value, headers, works=works)

    def _answer(
        self,
        account: CloudAccount,
        received: Received,
        value: Mapping[str, JSON],
        headers: Headers,
        *,
        works: bool,
    ) -> Reply:
        answer = self.model.answer(account.name, value, caches=b'"cache_control"' in received.body)
        omit = _omits_thinking(value)
        fault = self._fault(streamed=value.get("stream") is True) if works else ""
        hostile = HOSTILE.get(fault)
        if value.get("stream") is not True:
            body = whole(answer, omit_thinking=omit)
            return Reply(200, (_JSON, *headers), (body,), hostile=hostile, why=fault)
        told = frames(answer, omit_thinking=omit)
        broken = Broken(tuple(frame.raw for frame in told), Ending.WHOLE)
        if fault in FAULTS:
            broken = FAULTS[fault](told)
        head = (_STREAM, ("cache-control", "no-cache"), *headers)
        return Reply(
            200, head, broken.data, streamed=True, ending=broken.ending, hostile=hostile, why=fault
        )

    def _fault(self, *, streamed: bool) -> str:
        """Take the fault of this answer from the list; empty when there is none for it."""
        if not self.faults or (self.faults[0] in FAULTS and not streamed):
            return ""
        return self.faults.popleft()

    def _usage(self, account: CloudAccount) -> Reply:
        standing = self.standing(account.name)
        resets = datetime.fromtimestamp(standing.until() or self.clock() + 18_000, UTC)
        window: dict[str, JSON] = {
            "utilization": round(standing.used() * 100, 1),
            "resets_at": resets.isoformat(),
        }
        return _json(
            {
                "five_hour": window,
                "seven_day": {**window, "utilization": 41.0},
                "seven_day_opus": None,
                "seven_day_sonnet": None,
                "extra_usage": {"is_enabled": False, "monthly_limit": None},
            }
        )


def too_large() -> Reply:
    """Return what a body gets that is over :data:`MAX_BODY_BYTES`."""
    return _error(413, "Request exceeds the maximum size", "")


def _error(status: int, message: str, request_id: str) -> Reply:
    said = failure(status, kind_of(status), message, request_id)
    headers = said.headers
    if "was not created in this conversation" in message:
        headers = (
            *headers,
            ("anthropic-thinking-prefix-mismatch", f"block={message.split(':', maxsplit=1)[0]}"),
        )
    return Reply(status, headers, (said.body,), why=message)


def _refusal(said: Refused) -> Reply:
    why = message_of(said.body) or said.body.decode(errors="replace")
    return Reply(said.status, said.headers, (said.body,), refused=True, why=why)


def _json(value: JSON) -> Reply:
    return Reply(200, (_JSON,), (dumps(value),))


def _count(
    _account: CloudAccount, _received: Received, value: Mapping[str, JSON], _request_id: str
) -> Reply:
    return _json({"input_tokens": prompt_tokens(value)})


def _works(body: bytes) -> bool:
    """Tell whether a request is work, which uses up quota, and not a client's look at something."""
    match read(body):
        case Asked(purpose=purpose):
            return purpose not in PROBES
        case _:
            return False


def _omits_thinking(value: Mapping[str, JSON]) -> bool:
    match value.get("thinking"):
        case {"display": "omitted"}:
            return True
        case _:
            return False


def _is_known(model: str) -> bool:
    return line_of(model) is not None or model.startswith("claude-3-")


def _models() -> Reply:
    data: list[JSON] = [_model(name) for name in _MODELS]
    ends: dict[str, JSON] = {"first_id": _MODELS[0], "last_id": _MODELS[-1]}
    return _json({"data": data, "has_more": False, **ends})


def _model(name: str) -> dict[str, JSON]:
    line = line_of(name)
    title = (
        name if line is None else f"Claude {line.name.title()} {line.version[0]}.{line.version[1]}"
    )
    return {
        "type": "model",
        "id": name,
        "display_name": title.removesuffix(".0"),
        "created_at": "2026-01-01T00:00:00Z",
    }
