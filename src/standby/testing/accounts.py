"""Whom the fake cloud knows, and how a request says who it is.

There are three ways of saying it: an API key, in ``x-api-key`` or (the official SDK since 2.8) as a
bearer; the token of a claude.ai login as a bearer, which the API takes only with the beta
``oauth-2025-04-20``; any other bearer token.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from standby.core.request import Headers, header

__all__ = ["API_KEY", "EVERYBODY", "SUBSCRIPTION", "TOKEN", "CloudAccount", "Denied", "Plan", "who"]

_OAUTH_BETA: Final = "oauth-2025-04-20"
_LOGIN: Final = "sk-ant-oat"


class Plan(enum.Enum):
    """What an account pays by, which decides the headers that speak of its quota."""

    SUBSCRIPTION = "subscription"
    """Windows of five hours and seven days: the ``unified`` headers."""
    API = "api"
    """Requests and tokens per minute: the classic families."""


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """An account of the fake cloud. The credential is for rehearsals: it opens nothing else."""

    name: str
    credential: str = field(repr=False)
    plan: Plan
    is_key: bool
    """Whether the credential may come in ``x-api-key``; as a bearer any may."""


API_KEY: Final = CloudAccount("api-key", "sk-ant-api03-rehearsal", Plan.API, is_key=True)
SUBSCRIPTION: Final = CloudAccount(
    "subscription", _LOGIN + "01-rehearsal", Plan.SUBSCRIPTION, is_key=False
)
TOKEN: Final = CloudAccount("token", "rehearsal-token", Plan.SUBSCRIPTION, is_key=False)
EVERYBODY: Final = (API_KEY, SUBSCRIPTION, TOKEN)


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a request is nobody's, in the API's words."""

    why: str


def who(headers: Headers, accounts: Iterable[CloudAccount]) -> CloudAccount | Denied:
    """Return whose request this is. A client may send its key in both headers."""
    shown = list(_shown(headers))
    if not shown:
        return Denied("x-api-key header is required")
    known = {one.credential: one for one in accounts}
    found = (known[said] for bearer, said in shown if said in known and _fits(known[said], bearer))
    account = next(found, None)
    if account is None:
        return Denied("Invalid bearer token" if shown[0][0] else "invalid x-api-key")
    if account.credential.startswith(_LOGIN) and not _has_beta(headers):
        return Denied("OAuth authentication is currently not supported.")
    return account


def _fits(account: CloudAccount, bearer: bool) -> bool:
    return bearer or account.is_key


def _shown(headers: Headers) -> Iterator[tuple[bool, str]]:
    if key := header(headers, "x-api-key"):
        yield False, key
    scheme, _, token = (header(headers, "authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        yield True, token.strip()


def _has_beta(headers: Headers) -> bool:
    named = [value for name, value in headers if name.lower() == "anthropic-beta"]
    return _OAUTH_BETA in [beta.strip() for value in named for beta in value.split(",")]
