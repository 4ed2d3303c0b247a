"""The state of an account as JSON, so that it outlives the process."""

from collections.abc import Mapping
from typing import Final

from standby.core.quota.machine import Quota, QuotaRules, State, restored
from standby.core.quota.signals import Scope
from standby.core.quota.state import AccountState, holding
from standby.core.quota.windows import Window
from standby.core.wire.json import JSON

__all__ = ["from_json", "to_json"]

_STATES: Final[Mapping[str, State]] = {state.value: state for state in State}
_MOST: Final = 1e12  # far beyond any moment in seconds, and near enough for arithmetic


def to_json(state: AccountState) -> dict[str, JSON]:
    """Return the state as JSON."""
    return {
        "quotas": [_quota_to_json(quota) for quota in state.quotas],
        "windows": [_window_to_json(window) for window in state.windows],
        "seen_at": state.seen_at,
    }


def from_json(value: JSON, now: float, rules: QuotaRules) -> AccountState:
    """Return what was saved, at a moment. What cannot be read is left out."""
    if not isinstance(value, dict):
        return AccountState()
    saved = (_quota_from_json(item) for item in _objects(value.get("quotas")))
    quotas = (restored(quota, now, rules) for quota in saved if quota is not None)
    windows = (_window_from_json(item) for item in _objects(value.get("windows")))
    state = AccountState(
        windows=tuple(window for window in windows if window is not None),
        seen_at=min(_number(value.get("seen_at")) or 0.0, now),
    )
    return holding(state, *quotas)


def _quota_to_json(quota: Quota) -> dict[str, JSON]:
    return {
        "state": quota.state.value,
        "scope": quota.scope,
        "until": quota.until,
        "jitter_s": quota.jitter_s,
        "probe_at": quota.probe_at,
        "lease_until": quota.lease_until,
        "since": quota.since,
        "claim": quota.claim,
        "evidence": quota.evidence,
        "probabilistic": quota.probabilistic,
        "failures": quota.failures,
    }


def _quota_from_json(value: Mapping[str, JSON]) -> Quota | None:
    state, scope = _STATES.get(_text(value.get("state"))), _text(value.get("scope"))
    if state is None or not scope:
        return None
    return Quota(
        state=state,
        scope=Scope(scope),
        until=_number(value.get("until")),
        jitter_s=_number(value.get("jitter_s")) or 0.0,
        probe_at=_number(value.get("probe_at")),
        lease_until=_number(value.get("lease_until")) or 0.0,
        since=_number(value.get("since")) or 0.0,
        claim=_text(value.get("claim")),
        evidence=_text(value.get("evidence")),
        probabilistic=value.get("probabilistic") is True,
        failures=int(_number(value.get("failures")) or 0),
    )


def _window_to_json(window: Window) -> dict[str, JSON]:
    return {
        "name": window.name,
        "utilisation": window.utilisation,
        "resets_at": window.resets_at,
        "status": window.status,
        "surpassed": window.surpassed,
    }


def _window_from_json(value: Mapping[str, JSON]) -> Window | None:
    name = _text(value.get("name"))
    if not name:
        return None
    return Window(
        name=name,
        utilisation=_number(value.get("utilisation")),
        resets_at=_number(value.get("resets_at")),
        status=_text(value.get("status")),
        surpassed=_number(value.get("surpassed")),
    )


def _objects(value: JSON) -> list[dict[str, JSON]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: JSON) -> float | None:
    """Return a number that can be a moment or a share; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_MOST < value < _MOST else None


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
