"""What the cloud can mean by an answer: a few closed meanings, to which many open headers map.

A new header or wording is a reader's business and maps to one of these. A new meaning changes the
table in :mod:`standby.core.quota.machine`, and there the type checker demands the rest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NewType

__all__ = [
    "ALL_MODELS",
    "CREDIT",
    "LONGEST_S",
    "LONG_WAIT",
    "OWN_LIMIT",
    "PAYMENT",
    "TIER_CAP",
    "Aside",
    "Billing",
    "Down",
    "Exhausted",
    "Overage",
    "Overloaded",
    "Scope",
    "Served",
    "Signal",
    "Throttled",
    "family_of",
    "longest_wait_s",
    "scopes_of",
]

Scope = NewType("Scope", str)
"""What a signal covers: :data:`ALL_MODELS`, a family such as ``opus``, or one model by its id."""

ALL_MODELS: Final = Scope("*")

# Claims of our own, for limits that the cloud names in words or by an error code only. Claims of
# subscription windows are the values of the header ``representative-claim``, as they come.
TIER_CAP: Final = "tier_cap"
OWN_LIMIT: Final = "own_limit"
PAYMENT: Final = "payment"
CREDIT: Final = "credit"
LONG_WAIT: Final = "long_wait"

_DAY_S: Final = 86_400.0
LONGEST_S: Final = 7 * _DAY_S
"""The longest subscription window there is: no wait that a header names is believed beyond it."""
# Spending limits end with a calendar month. One day more than a month, for clocks that differ.
_LONGEST_BY_CLAIM: Final[Mapping[str, float]] = {TIER_CAP: 32 * _DAY_S, OWN_LIMIT: 32 * _DAY_S}


@dataclass(frozen=True, slots=True)
class Served:
    """The cloud answered a request."""


@dataclass(frozen=True, slots=True)
class Overage:
    """The cloud answered, out of paid extra usage: the quota itself is used up until ``until``."""

    until: float | None
    scope: Scope
    claim: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests just now, which is not the user's limit."""

    until: float | None
    """``None`` when the cloud named no moment."""
    scope: Scope
    evidence: str


@dataclass(frozen=True, slots=True)
class Overloaded:
    """The cloud has no capacity for this model just now."""

    scope: Scope
    evidence: str


@dataclass(frozen=True, slots=True)
class Down:
    """The cloud fails, cannot be reached, or broke off before its answer began."""

    scope: Scope
    evidence: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A limit is reached until ``until``; ``None`` when the cloud named no moment."""

    until: float | None
    scope: Scope
    claim: str
    """Which limit: the cloud's word, such as ``five_hour``, or ours for what it says in prose."""
    evidence: str
    """What showed it, for ``status``; no more than header values and error codes."""
    probabilistic: bool = False
    """The cloud may serve again before ``until``: worth a try more often."""


@dataclass(frozen=True, slots=True)
class Billing:
    """Credit or a payment is missing: a person must act, and no time is known."""

    scope: Scope
    claim: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Aside:
    """One request is refused for what it asks, such as extra usage: the quota is as it was."""

    evidence: str


Signal = Served | Overage | Throttled | Overloaded | Down | Exhausted | Billing | Aside


def longest_wait_s(claim: str) -> float:
    """Return the longest wait that is believed for a limit, in seconds."""
    return _LONGEST_BY_CLAIM.get(claim, LONGEST_S)


_FAMILIES: Final = frozenset({"opus", "sonnet", "haiku", "fable", "mythos"})
_WORD: Final = re.compile(r"[a-z]+")


def family_of(model: str) -> str:
    """Return the family of a cloud model, ``opus`` for ``claude-opus-5-5``; else the id itself.

    Only ids that say ``claude`` and bare aliases (``opus``, ``sonnet[1m]``) have a family: somebody
    else's ``my-opus`` is a model of its own.
    """
    bare = model.lower().removesuffix("[1m]")
    if bare in _FAMILIES:
        return bare
    words = _WORD.findall(bare)
    named = [word for word in words if word in _FAMILIES]
    return named[0] if named and "claude" in words else model


def scopes_of(model: str) -> tuple[Scope, ...]:
    """Return every scope that binds a request for this model, the widest first."""
    return tuple(dict.fromkeys((ALL_MODELS, Scope(family_of(model)), Scope(model))))
