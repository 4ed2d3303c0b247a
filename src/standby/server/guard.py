"""What stands in front of every route: who may come in, and what of a request stays here.

Every decision uses the request line and the headers as they came, never a URL put together from
them. What is let in has lost the gateway's own headers and path prefix: nothing behind this file
ever sees the token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from standby.core.redact import Secret
from standby.core.request import NOBODY, Account, Caller, Headers, header
from standby.core.wire.headers import end_to_end
from standby.ports import Fingerprints

__all__ = ["TOKEN_HEADER", "Admitted", "Guard", "Turned"]

TOKEN_HEADER: Final = "x-standby-token"  # noqa: S105 - a name, not a token
_PREFIX: Final = "/k/"
# Answered without a credential: `health` tells nothing, and Claude Code asks the others at start.
OPEN: Final = frozenset({("GET", "/standby/health"), ("HEAD", "/"), ("HEAD", "/api/hello")})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_HINT: Final = "start the client with `standby claude` or `standby run`, or see `standby env`"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may come in."""

    target: str
    headers: Headers
    caller: Caller
    owner: bool
    """Came with the gateway's own token."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A request that is turned away: status, and why in words that reflect nothing of it."""

    status: int
    why: str


class Guard:
    """Decides on every request before anything of its body is read."""

    def __init__(
        self,
        token: Secret,
        same: Callable[[Secret, str], bool],
        fingerprints: Fingerprints,
        port: int,
        hosts: frozenset[str] = _LOOPBACK,
    ) -> None:
        self._token = token
        self._same = same
        self._fingerprints = fingerprints
        self._hosts = {f"{_bracketed(host)}:{port}" for host in hosts}

    def admit(self, method: str, target: str, headers: Headers) -> Admitted | Turned:
        """Let a request in, less what is ours, or say why not."""
        if (turned := self._foreign(method, target, headers)) is not None:
            return turned
        target, by_path = self._cut(target)
        if by_path is False:
            return _unknown()
        by_header = self._ours(header(headers, TOKEN_HEADER))
        bearer = _bearer(headers)
        by_bearer = self._ours(bearer)
        owner = by_path or by_header or by_bearer
        stays = frozenset({TOKEN_HEADER, "authorization"} if by_bearer else {TOKEN_HEADER})
        account = self._account(None if by_bearer else bearer, header(headers, "x-api-key"))
        if not owner and account == NOBODY and (method, target.partition("?")[0]) not in OPEN:
            return _unknown()
        return Admitted(
            target=target,
            headers=end_to_end(headers, less=stays),
            caller=Caller(account, trusted=owner or self._fingerprints.remembered(account)),
            owner=owner,
        )

    def _foreign(self, method: str, target: str, headers: Headers) -> Turned | None:
        if not target.startswith("/") or target.startswith("//") or method == "CONNECT":
            return Turned(400, "the request line must name a path on this host")
        hosts = [value for key, value in headers if key.lower() == "host"]
        if len(hosts) != 1:
            return Turned(400, "exactly one Host header is required")
        if hosts[0].lower() not in self._hosts:
            return Turned(421, "this gateway answers only to its own loopback name and port")
        origin = header(headers, "origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self._hosts:
            return Turned(403, "requests of web pages are not served")
        if header(headers, "sec-fetch-site") in ("cross-site", "same-site"):
            return Turned(403, "requests of web pages are not served")
        return None

    def _cut(self, target: str) -> tuple[str, bool | None]:
        """Cut our prefix off a path; say whether its token was right, ``None`` without one."""
        if not target.startswith(_PREFIX):
            return target, None
        token, _, rest = target.removeprefix(_PREFIX).partition("/")
        return "/" + rest, self._ours(token)

    def _ours(self, given: str | None) -> bool:
        return given is not None and self._same(self._token, given)

    def _account(self, bearer: str | None, api_key: str | None) -> Account:
        if bearer:
            return self._fingerprints.account("bearer", Secret(bearer))
        if api_key:
            return self._fingerprints.account("x-api-key", Secret(api_key))
        return NOBODY


def _bearer(headers: Headers) -> str | None:
    scheme, _, value = (header(headers, "authorization") or "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _unknown() -> Turned:
    return Turned(401, f"this gateway does not know you: {_HINT}")
