"""All that is known of one account: its quota for each scope, and its windows, as one value."""

from dataclasses import dataclass, replace
from typing import Final

from standby.core.quota import machine
from standby.core.quota.machine import Admission, Quota, QuotaRules, State
from standby.core.quota.signals import Aside, Overage, Scope, Served, Signal, scopes_of
from standby.core.quota.windows import Window

__all__ = [
    "AccountState",
    "admitted",
    "awake",
    "combined",
    "heard",
    "holding",
    "released",
    "rewound",
    "seen",
]

# Models are named by clients: what they can make long has a limit.
_MOST_QUOTAS: Final = 32


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account. A scope that is not listed is open."""

    quotas: tuple[Quota, ...] = ()
    """Sorted by scope, none of them open."""
    windows: tuple[Window, ...] = ()
    seen_at: float = 0.0
    """When the windows were read, in seconds since the epoch."""


def combined(state: AccountState, model: str, now: float) -> Quota:
    """Return the quota that binds a model: of all that hold it now, the one that ends last."""
    holding_it = (quota for quota in _binding(state, model) if machine.binds(quota, now))
    return max(holding_it, key=_end, default=Quota())


def admitted(
    state: AccountState, model: str, now: float, rules: QuotaRules
) -> tuple[AccountState, Admission]:
    """Return whether a request for a model may go, and the state with the tries that it takes.

    All quotas that bind the model must let it go; if one does not, no try is taken from the others.
    """
    results = [machine.admit(quota, now, rules) for quota in _binding(state, model)]
    admissions = {admission for _, admission in results}
    if Admission.STAY in admissions:
        return state, Admission.STAY
    if Admission.TRY in admissions:
        return holding(state, *(quota for quota, _ in results)), Admission.TRY
    return state, Admission.GO


def heard(
    state: AccountState,
    signal: Signal | None,
    model: str,
    now: float,
    jitter_s: float,
    rules: QuotaRules,
    *,
    tried: bool,
) -> AccountState:
    """Return the state after an answer for a model; ``None`` is an answer that says nothing.

    A try that was refused for another scope has proved nothing of the scopes it was to try: the
    next request may try those.
    """
    signal = None if signal is None else machine.meant(signal, rules)
    match signal:
        case None | Aside():
            return released(state, model, now) if tried else state
        case Served() | Overage():
            bound = _binding(state, model)
        case _:
            state = released(state, model, now, but=signal.scope) if tried else state
            bound = (_at(state, signal.scope),)
    after = (machine.step(q, signal, now, jitter_s, rules, tried=tried) for q in bound)
    return holding(state, *after)


def released(
    state: AccountState, model: str, now: float, *, but: Scope | None = None
) -> AccountState:
    """Return the state when a try for a model ended without a word about the quota.

    Call it for a request that was a try and was cancelled. ``but`` is a scope left as it is.
    """
    bound = (quota for quota in _binding(state, model) if quota.scope != but)
    return holding(state, *(machine.released(quota, now) for quota in bound))


def holding(state: AccountState, *quotas: Quota) -> AccountState:
    """Return the state with these quotas in the place of those with the same scope."""
    if not quotas and not state.quotas:
        return state
    by_scope = {quota.scope: quota for quota in (*state.quotas, *quotas)}
    waiting = [quota for quota in by_scope.values() if quota.state is not State.OPEN]
    longest = sorted(waiting, key=_end)[-_MOST_QUOTAS:]
    return replace(state, quotas=tuple(sorted(longest, key=lambda quota: quota.scope)))


def rewound(state: AccountState, by_s: float) -> AccountState:
    """Return the state after the clock was set back."""
    return replace(state, quotas=tuple(machine.rewound(quota, by_s) for quota in state.quotas))


def awake(state: AccountState, now: float) -> AccountState:
    """Return the state after the machine has slept."""
    return replace(state, quotas=tuple(machine.awake(quota, now) for quota in state.quotas))


def seen(state: AccountState, windows: tuple[Window, ...], now: float) -> AccountState:
    """Return the state with newer windows; those not mentioned stay until they have reset."""
    if not windows:
        return state
    newer = {window.name for window in windows}
    kept = (
        window
        for window in state.windows
        if window.name not in newer and window.resets_at is not None and window.resets_at > now
    )
    merged = tuple(sorted((*windows, *kept), key=lambda window: window.name))
    return replace(state, windows=merged, seen_at=now)


def _binding(state: AccountState, model: str) -> tuple[Quota, ...]:
    if not state.quotas:
        return ()
    scopes = scopes_of(model)
    return tuple(quota for quota in state.quotas if quota.scope in scopes)


def _at(state: AccountState, scope: Scope) -> Quota:
    return next((quota for quota in state.quotas if quota.scope == scope), Quota(scope=scope))


def _end(quota: Quota) -> float:
    return float("inf") if quota.until is None else quota.until + quota.jitter_s
