"""What stands in front of every route: who may come in, and what of a request stays here.

Every decision uses the request line and the headers as they came, never a URL put together from
them. What is let in has lost the gateway's own headers and path prefix: nothing behind this file
ever sees the token.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from standby.core.redact import Secret
from standby.core.request import NOBODY, Account, Caller, Headers, header
from standby.core.wire.headers import end_to_end
from standby.ports import Fingerprints
from standby.server.paths import CHANGED, PREFIX, is_ours
from standby.server.strangers import Strangers

__all__ = ["HAND_HEADER", "PROJECT_HEADER", "TOKEN_HEADER", "Admitted", "Guard", "Turned", "Visits"]

TOKEN_HEADER: Final = "x-standby-token"  # noqa: S105 - a name, not a token
PROJECT_HEADER: Final = "x-standby-project"
"""What folder a client works in: the launcher's word to the gateway, and to nobody else."""
_LONGEST_PROJECT: Final = 1000
HAND_HEADER: Final = "x-standby-hand"
"""What our own page shows where it changes something: no cookie, and so no other page's to send."""
_OUR_HEADERS: Final = frozenset({TOKEN_HEADER, PROJECT_HEADER, HAND_HEADER})
_PREFIX: Final = "/k/"
# Answered without a credential: `health` tells nothing, and Claude Code asks the others at start.
# `open` is given the code of a link, and tells nothing without a good one.
OPEN: Final = frozenset(
    {
        ("GET", "/standby/health"),
        ("GET", "/standby/open"),
        ("HEAD", "/"),
        ("HEAD", "/api/hello"),
    }
)
# What the cookie of a browser's visit is good for: to look. By itself it changes nothing.
_LOOKING: Final = frozenset({"GET", "HEAD"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
# What a browser says of a request that no other site has caused.
_OWN_SITE: Final = frozenset({"same-origin", "none"})
_HTTP_PORT: Final = 80
_HINT: Final = "start the client with `standby claude` or `standby run`, or see `standby env`"


@dataclass(frozen=True, slots=True)
class Visits:
    """How browsers that were given a link are known again."""

    cookie: str
    """The name of their cookie."""
    knows: Callable[[str], bool]
    """Whether a cookie's value is the key of a visit that goes on."""
    may: Callable[[str, str], bool] = lambda _key, _hand: False
    """Whether it is, and the other is its hand."""


NO_VISITS: Final = Visits("", lambda _key: False)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may come in."""

    target: str
    headers: Headers
    caller: Caller
    owner: bool
    """Came with the gateway's own token, or wants to see our own pages in a visit it opened."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A request that is turned away: status, and why in words that reflect nothing of it."""

    status: int
    why: str
    retry_after_s: int = 0
    """When another try may be let in; 0: none will."""


class Guard:
    """Decides on every request before anything of its body is read."""

    def __init__(
        self,
        token: Secret,
        same: Callable[[Secret, str], bool],
        fingerprints: Fingerprints,
        port: int,
        hosts: frozenset[str] = _LOOPBACK,
        ticks: Callable[[], float] = time.monotonic,
        visits: Visits = NO_VISITS,
    ) -> None:
        self._token = token
        self._same = same
        self._fingerprints = fingerprints
        self._strangers = Strangers(ticks)
        self._visits = visits
        self._hosts = {f"{_bracketed(host)}:{port}" for host in hosts}
        if port == _HTTP_PORT:  # which clients leave out
            self._hosts |= {_bracketed(host) for host in hosts}
        self._origins = {f"http://{host}" for host in self._hosts}

    def admit(self, method: str, target: str, headers: Headers) -> Admitted | Turned:
        """Let a request in, less what is ours, or say why not."""
        if (turned := self._foreign(method, target, headers)) is not None:
            return turned
        target, by_path = self._cut(target)
        if by_path is False:
            return _unknown()
        # An API key is no place for the token; but whoever puts it there must not send it away.
        tokens = {line for line in headers if self._is_token(*line)}
        owner = by_path is True or any(key.lower() != "x-api-key" for key, _ in tokens)
        kept = tuple(line for line in headers if line not in tokens)
        account = self._account(kept)
        path = target.partition("?")[0]
        # Our own pages are for who has the token: a cloud credential says nothing about them.
        stranger = account == NOBODY or is_ours(path)
        owner = owner or self._visits_us(method, path, headers)
        if not owner and stranger and (method, path) not in OPEN:
            return _unknown()
        trusted = owner or self._fingerprints.remembered(account)
        if not trusted and account != NOBODY and (wait_s := self._strangers.wait_s()):
            return Turned(429, "too many requests with unknown credentials", wait_s)
        return Admitted(
            target=target,
            headers=end_to_end(kept, less=_OUR_HEADERS),
            caller=Caller(account, trusted=trusted, project=_project(kept)),
            owner=owner,
        )

    def _foreign(self, method: str, target: str, headers: Headers) -> Turned | None:
        if not target.startswith("/") or target.startswith("//") or method == "CONNECT":
            return Turned(400, "the request line must name a path on this host")
        hosts = _values(headers, "host")
        if len(hosts) != 1:
            return Turned(400, "exactly one Host header is required")
        if hosts[0] not in self._hosts:
            return Turned(421, "this gateway answers only to its own loopback name and port")
        foreign = [origin for origin in _values(headers, "origin") if origin not in self._origins]
        sites = [s for s in _values(headers, "sec-fetch-site") if s not in _OWN_SITE]
        if foreign or sites:
            return Turned(403, "requests of web pages are not served")
        return None

    def _cut(self, target: str) -> tuple[str, bool | None]:
        """Cut our prefix off a path; say whether its token was right, ``None`` without one."""
        if not target.startswith(_PREFIX):
            return target, None
        token, _, rest = target.removeprefix(_PREFIX).partition("/")
        return "/" + rest, self._ours(token)

    def _visits_us(self, method: str, path: str, headers: Headers) -> bool:
        """Whether a browser looks at our own pages, with the cookie of a visit, or changes the one
        thing that a page may change, with its hand.
        """
        start = f"{self._visits.cookie}="
        keys = [c.removeprefix(start) for c in _cookies(headers) if c.startswith(start)]
        if (method, path) == ("POST", CHANGED):
            hands = _values(headers, HAND_HEADER, exact=True)
            return (
                len(hands) == 1
                and self._from_our_page(headers)
                and any(self._visits.may(key, hands[0]) for key in keys)
            )
        if method not in _LOOKING or not path.startswith(PREFIX):
            return False
        return any(self._visits.knows(key) for key in keys)

    def _from_our_page(self, headers: Headers) -> bool:
        """Whether a browser says that a page of ours asks. Who says nothing is no browser."""
        origins, sites = _values(headers, "origin"), _values(headers, "sec-fetch-site")
        return len(origins) == 1 and origins[0] in self._origins and sites == ["same-origin"]

    def _ours(self, given: str | None) -> bool:
        return given is not None and self._same(self._token, given)

    def _is_token(self, key: str, value: str) -> bool:
        match key.lower():
            case "authorization":
                return self._ours(_bearer(value))
            case "x-standby-token" | "x-api-key":
                return self._ours(value)
            case _:
                return False

    def _account(self, headers: Headers) -> Account:
        bearer, key = _bearer(header(headers, "authorization")), header(headers, "x-api-key")
        # Claude Code sends the key of its `apiKeyHelper` in both, and for `/v1/models` in one only.
        if bearer and not (key and self._same(Secret(key), bearer)):
            return self._fingerprints.account("bearer", Secret(bearer))
        if key:
            return self._fingerprints.account("x-api-key", Secret(key))
        return NOBODY


def _project(headers: Headers) -> str:
    said = unquote(header(headers, PROJECT_HEADER) or "")
    return "".join(sign for sign in said[:_LONGEST_PROJECT] if sign.isprintable())


def _bearer(authorization: str | None) -> str | None:
    scheme, _, value = (authorization or "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _values(headers: Headers, name: str, *, exact: bool = False) -> list[str]:
    found = [value.strip() for key, value in headers if key.lower() == name]
    return found if exact else [value.lower() for value in found]


def _cookies(headers: Headers) -> Iterator[str]:
    """Yield each ``name=value``; what a host sets, its other ports may send, and so may many."""
    for key, value in headers:
        if key.lower() == "cookie":
            yield from (pair.strip() for pair in value.split(";"))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _unknown() -> Turned:
    return Turned(401, f"this gateway does not know you: {_HINT}")
