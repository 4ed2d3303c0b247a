"""The quota state machine: what the cloud's answers mean for the next request.

Rule 1: every change of quota state happens in this file, and nearly all of it in :data:`TABLE`.
Rule 2: this file reads no clock and no header. Readers turn answers into signals; callers say what
time it is, and whether the answer is that of a request which was sent as a try.

    OPEN ──Exhausted──▶ EXHAUSTED ──(until passes)──▶ TRYING ──Served──▶ OPEN
     │                   │  ▲                           │ Exhausted ─▶ EXHAUSTED
     │         (rarely)  ▼  │ not Served                │ Down ──────▶ RESTING
     │                  PROBING ──Served──▶ OPEN        │
     └──Down──▶ RESTING ──(until passes)────────────────┘

Exactly one request is a try at any moment; its lease runs out if nothing is heard of it.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from standby.core.quota.signals import (
    ALL_MODELS,
    LONGEST_S,
    Aside,
    Billing,
    Down,
    Exhausted,
    Overage,
    Overloaded,
    Scope,
    Served,
    Signal,
    Throttled,
    longest_wait_s,
)

__all__ = [
    "TABLE",
    "Admission",
    "Quota",
    "QuotaRules",
    "State",
    "admit",
    "awake",
    "binds",
    "meant",
    "released",
    "restored",
    "rewound",
    "step",
]


class State(enum.Enum):
    """Where one account stands with the cloud, for all models or for some."""

    OPEN = "open"
    """Requests go to the cloud."""
    RESTING = "resting"
    """The cloud refused for a passing reason; it is left alone for a moment."""
    EXHAUSTED = "exhausted"
    """A limit is reached, until a known moment or until somebody acts."""
    PROBING = "probing"
    """A limit is reached, and one request asks before its end whether the cloud serves again."""
    TRYING = "trying"
    """The wait is over, and one request asks whether the cloud serves again."""


class Admission(enum.Enum):
    """Whether a request may go to the cloud."""

    GO = "go"
    TRY = "try"
    """This one alone: others stay until it is known what became of it."""
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class QuotaRules:
    """The numbers of the policy. All durations are in seconds."""

    probe_every_s: float = 1800.0
    """Between two early tries of a limit that has not ended."""
    probe_often_s: float = 300.0
    """The same, where the cloud says that it serves some requests all the same."""
    lease_s: float = 120.0
    """How long one try keeps others from trying."""
    jitter_s: float = 5.0
    """The most that is waited beyond a reset, so that not all gateways ask at once."""
    rest_s: float = 2.0
    """The first pause after a passing failure; it doubles with each further one."""
    longest_rest_s: float = 60.0
    """The longest such pause."""
    overage_is_exhausted: bool = False
    """Treat answers out of paid extra usage as a reached limit."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The state of one account for one scope: a value, replaced and never changed."""

    state: State = State.OPEN
    scope: Scope = ALL_MODELS
    until: float | None = None
    """When the wait ends, in seconds since the epoch; ``None``: the cloud named no moment."""
    jitter_s: float = 0.0
    """How long after ``until`` the first request may try."""
    probe_at: float | None = None
    """From when on one request may try before ``until``. ``None``: never."""
    lease_until: float = 0.0
    """Until when the request that tries now keeps others from it."""
    since: float = 0.0
    """When the cloud last said so."""
    claim: str = ""
    evidence: str = ""
    probabilistic: bool = False
    failures: int = 0
    """Passing failures in a row."""


_S = State
TABLE: Final[Mapping[State, Mapping[type[Signal], State]]] = {
    _S.OPEN: {
        Served: _S.OPEN,
        Overage: _S.OPEN,
        Aside: _S.OPEN,
        Throttled: _S.RESTING,
        Overloaded: _S.RESTING,
        Down: _S.RESTING,
        Exhausted: _S.EXHAUSTED,
        Billing: _S.EXHAUSTED,
    },
    _S.RESTING: {
        Served: _S.OPEN,
        Overage: _S.OPEN,
        Aside: _S.RESTING,
        Throttled: _S.RESTING,
        Overloaded: _S.RESTING,
        Down: _S.RESTING,
        Exhausted: _S.EXHAUSTED,
        Billing: _S.EXHAUSTED,
    },
    # A request sent before the quota ran out can still be served after: it proves nothing.
    _S.EXHAUSTED: {
        Served: _S.EXHAUSTED,
        Overage: _S.EXHAUSTED,
        Aside: _S.EXHAUSTED,
        Throttled: _S.EXHAUSTED,
        Overloaded: _S.EXHAUSTED,
        Down: _S.EXHAUSTED,
        Exhausted: _S.EXHAUSTED,
        Billing: _S.EXHAUSTED,
    },
    # Before the promised end nothing but an answer ends the wait.
    _S.PROBING: {
        Served: _S.OPEN,
        Overage: _S.OPEN,
        Aside: _S.EXHAUSTED,
        Throttled: _S.EXHAUSTED,
        Overloaded: _S.EXHAUSTED,
        Down: _S.EXHAUSTED,
        Exhausted: _S.EXHAUSTED,
        Billing: _S.EXHAUSTED,
    },
    _S.TRYING: {
        Served: _S.OPEN,
        Overage: _S.OPEN,
        Aside: _S.RESTING,
        Throttled: _S.RESTING,
        Overloaded: _S.RESTING,
        Down: _S.RESTING,
        Exhausted: _S.EXHAUSTED,
        Billing: _S.EXHAUSTED,
    },
}

_ASKING: Final = frozenset({_S.PROBING, _S.TRYING})
_AS_A_TRY: Final[Mapping[State, State]] = {_S.EXHAUSTED: _S.PROBING, _S.RESTING: _S.TRYING}

# What a rest is called that we have chosen by ourselves: the names of their signals.
_OUR_RESTS: Final = frozenset({"overloaded", "down"})
# One failure is no outage: after the first short rest everybody may go again, after the next only
# one may try.
_FAILURES_OF_AN_OUTAGE: Final = 2


def meant(signal: Signal, rules: QuotaRules) -> Signal:
    """Return what a signal means to this user: paid extra usage may count as a reached limit."""
    match signal:
        case Overage(until, scope, claim, evidence) if rules.overage_is_exhausted:
            return Exhausted(until, scope, claim or "overage", evidence)
        case _:
            return signal


def step(
    quota: Quota,
    signal: Signal,
    now: float,
    jitter_s: float,
    rules: QuotaRules,
    *,
    tried: bool = False,
) -> Quota:
    """Return the quota after a signal from the cloud.

    ``tried``: the request was sent as a try, or at least after the cloud's refusal was known. What
    such a request is told counts even when its lease has run out. While a try is under way, nothing
    but a reached limit is believed of other requests: they were sent before.
    """
    if not tried and quota.state in _ASKING and not isinstance(signal, Exhausted | Billing):
        return quota
    before = _AS_A_TRY.get(quota.state, quota.state) if tried else quota.state
    after = TABLE[before][type(signal)]
    match signal:
        case Served() | Overage():
            return Quota(scope=quota.scope) if after is _S.OPEN else replace(quota, state=after)
        case Aside():
            return released(quota, now) if tried else replace(quota, state=after)
        case Exhausted() | Billing():
            return _exhausted(quota, signal, now, jitter_s, rules, newest=tried)
        case Throttled() | Overloaded() | Down() if after is _S.RESTING:
            return _resting(quota, signal, now, rules, again=before is _S.TRYING)
        case Throttled() | Overloaded() | Down():
            return replace(quota, state=after)


def _exhausted(
    quota: Quota,
    signal: Exhausted | Billing,
    now: float,
    jitter_s: float,
    rules: QuotaRules,
    *,
    newest: bool,
) -> Quota:
    fresh = _limit(quota, signal, now, jitter_s, rules)
    if newest or quota.state not in (_S.EXHAUSTED, _S.PROBING):
        return fresh
    # Of several limits the one that ends last binds, and no answer that crossed another's way may
    # shorten the wait or move the next probe away.
    kept, other = (fresh, quota) if _end(fresh) > _end(quota) else (quota, fresh)
    sooner = _sooner(kept.probe_at, other.probe_at)
    return replace(kept, state=_S.EXHAUSTED, probe_at=sooner, since=now)


def _limit(
    quota: Quota, signal: Exhausted | Billing, now: float, jitter_s: float, rules: QuotaRules
) -> Quota:
    until, probabilistic = None, False
    if isinstance(signal, Exhausted):
        until, probabilistic = signal.until, signal.probabilistic
        if until is None and quota.state is not _S.RESTING and now < _end(quota):
            until = quota.until  # a moment once named is better than none
    limit = Quota(
        state=_S.EXHAUSTED,
        scope=quota.scope,
        until=None if until is None else min(until, now + longest_wait_s(signal.claim)),
        jitter_s=jitter_s,
        since=now,
        claim=signal.claim,
        evidence=signal.evidence,
        probabilistic=probabilistic,
    )
    return replace(limit, probe_at=_next_probe(limit, now, rules))


def _resting(
    quota: Quota,
    signal: Throttled | Overloaded | Down,
    now: float,
    rules: QuotaRules,
    *,
    again: bool,
) -> Quota:
    # Requests that fail together are one failure: the rest is not made longer by each of them.
    counted = again or quota.state is _S.OPEN or now >= _end(quota)
    failures = _unproven(quota.failures + 1) if again else quota.failures + counted
    rest_s = min(rules.rest_s * 2.0 ** min(failures - 1, 16), rules.longest_rest_s)
    until = now + rest_s if counted else _end(quota)
    if isinstance(signal, Throttled) and signal.until is not None:
        until = signal.until if counted else max(until, signal.until)
    return Quota(
        state=_S.RESTING,
        scope=quota.scope,
        until=min(until, now + LONGEST_S),
        since=now,
        claim=type(signal).__name__.lower(),
        evidence=signal.evidence,
        failures=failures,
    )


def admit(quota: Quota, now: float, rules: QuotaRules) -> tuple[Quota, Admission]:
    """Return whether a request may go at this moment, and the quota with the try it takes."""
    match quota.state:
        case State.OPEN:
            return quota, Admission.GO
        case State.TRYING | State.PROBING if now < quota.lease_until:
            return quota, Admission.STAY
        case State.RESTING if now < _end(quota):
            return quota, Admission.STAY
        case State.RESTING if not binds(quota, now):
            return quota, Admission.GO
        case State.RESTING | State.TRYING:
            return _leased(quota, _S.TRYING, now, rules), Admission.TRY
        case State.EXHAUSTED | State.PROBING if now >= _end(quota) + quota.jitter_s:
            return _leased(quota, _S.TRYING, now, rules), Admission.TRY
        case State.EXHAUSTED | State.PROBING if _due(quota, now):
            # Moved on before the outcome is known: an early try is rare, whatever becomes of it.
            probing = replace(quota, probe_at=_next_probe(quota, now, rules))
            return _leased(probing, _S.PROBING, now, rules), Admission.TRY
        case State.EXHAUSTED | State.PROBING:
            return quota, Admission.STAY


def binds(quota: Quota, now: float) -> bool:
    """Whether requests stay or only one may try; a short rest that is over holds nobody."""
    match quota.state:
        case State.OPEN:
            return False
        case State.RESTING:
            return now < _end(quota) or quota.failures >= _FAILURES_OF_AN_OUTAGE
        case State.EXHAUSTED | State.PROBING | State.TRYING:
            return True


def released(quota: Quota, now: float) -> Quota:
    """Return the quota when a try ended without a word about it: the next request may try."""
    match quota.state:
        case State.TRYING:
            until, failures = min(_end(quota), now), _unproven(quota.failures)
            return replace(quota, state=_S.RESTING, until=until, jitter_s=0.0, failures=failures)
        case State.PROBING:
            return replace(quota, state=_S.EXHAUSTED)
        case State.OPEN | State.RESTING | State.EXHAUSTED:
            return quota


def restored(quota: Quota, now: float, rules: QuotaRules) -> Quota:
    """Return a quota that was saved: no wait is longer than it can have been, and nobody tries."""
    longest_s = rules.longest_rest_s if quota.state is _S.RESTING else longest_wait_s(quota.claim)
    interval_s = _interval_s(quota, rules)
    bounded = replace(
        quota,
        until=None if quota.until is None else min(quota.until, now + longest_s),
        jitter_s=min(max(quota.jitter_s, 0.0), rules.jitter_s),
        probe_at=None if quota.probe_at is None else min(quota.probe_at, now + interval_s),
        since=min(quota.since, now),
    )
    return released(bounded, now)


def rewound(quota: Quota, by_s: float) -> Quota:
    """Return the quota after the clock was set back: pauses of our own choice grow no longer.

    A moment that the cloud has named stays; the next probe comes as soon as it would have.
    """
    resting = quota.state is _S.RESTING and quota.until is not None
    return replace(
        quota,
        until=_end(quota) - by_s if resting else quota.until,
        probe_at=None if quota.probe_at is None else quota.probe_at - by_s,
        lease_until=quota.lease_until - by_s,
    )


def awake(quota: Quota, now: float) -> Quota:
    """Return the quota after the machine has slept: what we waited for by ourselves is over.

    The network was gone meanwhile, and a failure says nothing of the cloud; the quota may have been
    filled up. So one request may try. A moment that the cloud has named stays.
    """
    if quota.state is _S.RESTING and quota.claim in _OUR_RESTS:
        until, failures = min(_end(quota), now), _unproven(quota.failures)
        return replace(quota, until=until, jitter_s=0.0, failures=failures)
    probe_at = quota.probe_at
    return quota if probe_at is None else replace(quota, probe_at=min(probe_at, now))


def _leased(quota: Quota, state: State, now: float, rules: QuotaRules) -> Quota:
    return replace(quota, state=state, lease_until=now + rules.lease_s)


def _due(quota: Quota, now: float) -> bool:
    return quota.probe_at is not None and now >= quota.probe_at


def _next_probe(quota: Quota, now: float, rules: QuotaRules) -> float | None:
    # A probe of an account with extra usage would cost what this user has chosen not to pay.
    costs = rules.overage_is_exhausted and not quota.probabilistic and quota.until is not None
    return None if costs else now + _interval_s(quota, rules)


def _interval_s(quota: Quota, rules: QuotaRules) -> float:
    return rules.probe_often_s if quota.probabilistic else rules.probe_every_s


def _unproven(failures: int) -> int:
    """Return the failures after a try that was not served: for long enough, only one may try."""
    return max(failures, _FAILURES_OF_AN_OUTAGE)


def _end(quota: Quota) -> float:
    """Return when the wait ends; never, as far as anybody knows, when no moment was named."""
    return float("inf") if quota.until is None else quota.until


def _sooner(one: float | None, other: float | None) -> float | None:
    known = [at for at in (one, other) if at is not None]
    return min(known, default=None)
