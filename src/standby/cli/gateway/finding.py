"""Which gateway runs here, and whether it is ours: only one that knows the token is believed."""

import hashlib
import hmac
import os
import secrets as dice
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlencode

from standby.adapters.host import secrets
from standby.adapters.host.paths import Paths, paths
from standby.adapters.host.processes import Running, running
from standby.cli.gateway.asking import NoAnswerError, ask
from standby.cli.gateway.errors import NOT_RUNNING, GatewayError
from standby.core.redact import Secret
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = [
    "Absent",
    "Found",
    "Genuine",
    "Impostor",
    "Mute",
    "at_home",
    "find",
    "genuine",
    "page_link",
    "policy",
    "proves",
    "status",
    "told",
    "use",
    "warm",
    "warmth",
]

_HEALTH_S: Final = 2.0
_STATUS_S: Final = 10.0
_OK: Final = 200
_LOG: Final = "See `standby log --gateway`."
_OLDER: Final = "It may be an older one: `standby restart` restarts it."


@dataclass(frozen=True, slots=True)
class Absent:
    """None runs."""


@dataclass(frozen=True, slots=True)
class Genuine:
    """One runs, and has proved that it knows the token."""

    running: Running
    token: Secret


@dataclass(frozen=True, slots=True)
class Mute:
    """One runs, but does not answer."""

    running: Running
    why: str


@dataclass(frozen=True, slots=True)
class Impostor:
    """Something answers in its place that does not know the token."""

    running: Running


Found: TypeAlias = Absent | Genuine | Mute | Impostor


def at_home() -> Paths:
    """Return where things lie for this user."""
    return paths(os.environ)


def find(where: Paths) -> Found:
    """Return the gateway that runs here."""
    found = running(where.state)
    if found is None:
        return Absent()
    if not where.token_file.exists():
        return Impostor(found)
    token = secrets.token(where.token_file)
    try:
        return Genuine(found, token) if proves(found.url, token) else Impostor(found)
    except NoAnswerError as error:
        return Mute(found, str(error))


def genuine(where: Paths) -> Genuine:
    """Return the gateway that runs here. Raise :class:`GatewayError` unless it is ours and well."""
    match find(where):
        case Genuine() as found:
            return found
        case Absent():
            raise GatewayError(
                "no gateway is running",
                "Start one with `standby up`, or a client with it: `standby claude`.",
                NOT_RUNNING,
            )
        case Mute(found, why):
            raise GatewayError(
                f"the gateway (pid {found.pid}, {found.url}) does not answer: {why}",
                "See `standby log --gateway`; `standby restart` restarts it.",
            )
        case Impostor(found):
            raise GatewayError(
                f"what answers at {found.url} does not know the token of this gateway",
                "Nothing was sent to it. `standby restart` starts the gateway with the token that"
                " is there now; `standby doctor` looks for another program on the port.",
            )


def proves(url: str, token: Secret) -> bool:
    """Whether the server at a URL knows the token, which it is not told. Raise NoAnswerError."""
    nonce = dice.token_hex(16)
    status, body = ask(url, f"/standby/health?nonce={nonce}", {}, within_s=_HEALTH_S)
    expected = hmac.new(token.reveal().encode(), nonce.encode(), hashlib.sha256).hexdigest()
    match _json(body) if status == _OK else None:
        case {"proof": str(proof)}:
            return hmac.compare_digest(expected.encode(), proof.encode())
        case _:
            return False


def status(found: Genuine) -> dict[str, JSON]:
    """Return what the gateway says of itself. Raise :class:`GatewayError`."""
    match _answer(found, "/standby/status", "does not say how it is"):
        case 200, dict() as said:
            return said
        case code, _:
            raise _odd(code, "its status")


def policy(found: Genuine) -> JSON:
    """Return what counts now, as the gateway says it. Raise :class:`GatewayError`."""
    return status(found).get("policy")


def usage(found: Genuine, wanted: Mapping[str, str]) -> dict[str, JSON]:
    """Return the gateway's report on usage. Raise :class:`GatewayError`."""
    match _answer(found, f"/standby/usage?{urlencode(wanted)}"):
        case 200, dict() as said:
            return said
        case 404, _:
            raise GatewayError("the gateway that runs does not know of usage", _OLDER)
        case code, _:
            raise _odd(code)


def use(found: Genuine, wanted: Mapping[str, str]) -> JSON:
    """Choose who answers, and return what counts then. Raise :class:`GatewayError`."""
    match _answer(found, f"/standby/use?{urlencode(wanted)}", method="POST"):
        case 200, said:
            return said
        case 400, {"error": {"message": str(why)}}:
            raise GatewayError(why, "`standby use --help` has examples.")
        case code, _:
            raise _odd(code)


def warm(found: Genuine) -> dict[str, JSON]:
    """Have the gateway warm up; return how far it is. Raise :class:`GatewayError`."""
    return _warmth(found, "POST")


def warmth(found: Genuine) -> dict[str, JSON]:
    """Return how warm the stand-in is. Raise :class:`GatewayError`."""
    return _warmth(found, "GET")


def _warmth(found: Genuine, method: str) -> dict[str, JSON]:
    match _answer(found, "/standby/warm", "does not say how warm it is", method=method):
        case 200, dict() as said:
            return said
        case code, _:
            raise _odd(code, "how warm it is", _OLDER)


def page_link(found: Genuine) -> dict[str, JSON]:
    """Return a link to the dashboard, which opens once. Raise :class:`GatewayError`."""
    match _answer(found, "/standby/link", "gives no link", method="POST"):
        case 200, dict() as said if isinstance(said.get("url"), str):
            return said
        case code, _:
            raise _odd(code, "a link", _OLDER)


def told(found: Genuine, target: str, *, within_s: float) -> dict[str, JSON]:
    """Tell the gateway to do something; return what came of it. Raise :class:`GatewayError`."""
    match _answer(found, target, method="POST", within_s=within_s):
        case 200, dict() as said:
            return said
        case _, {"error": {"message": str(why)}}:
            raise GatewayError(why, "`standby models` lists what the engines have.")
        case code, _:
            raise _odd(code)


def _answer(
    found: Genuine,
    target: str,
    mute: str = "does not answer",
    *,
    method: str = "GET",
    within_s: float = _STATUS_S,
) -> tuple[int, JSON]:
    """Ask the gateway; return the status and what it said. ``mute`` says what it is if it is."""
    headers = {"x-standby-token": found.token.reveal()}
    try:
        code, body = ask(found.running.url, target, headers, within_s=within_s, method=method)
    except NoAnswerError as error:
        raise GatewayError(f"the gateway {mute}: {error}", _LOG) from None
    return code, _json(body)


def _odd(code: int, wanted: str = "", hint: str = _LOG) -> GatewayError:
    instead = f" instead of {wanted}" if wanted else ""
    return GatewayError(f"the gateway answered with {code}{instead}", hint)


def _json(body: bytes) -> JSON:
    try:
        return loads(body)
    except NotJSONError:
        return None
