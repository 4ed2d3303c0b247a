"""What a status line shows: who answers now, until when, what is left. Out of memory, at once."""

from standby.app.local.speeds import Speeds
from standby.core.models.facts import LocalModel
from standby.core.quota.machine import Quota, State, binds
from standby.core.quota.state import AccountState
from standby.core.quota.windows import LENGTH_S
from standby.core.wire.json import JSON

__all__ = ["binding", "shown_model", "shown_windows"]


def binding(state: AccountState, now: float) -> Quota | None:
    """Return the limit that ends last, of those that keep the next request from the cloud.

    One whose time is over does not, although it stands until a request has tried.
    """
    holding = (quota for quota in state.quotas if binds(quota, now) and not _over(quota, now))
    return max(holding, key=_end, default=None)


def shown_windows(state: AccountState, now: float) -> list[JSON]:
    """Return the windows of known length, the shortest first; one that has ended is fresh."""
    known = (window for window in state.windows if window.name in LENGTH_S)
    shown: list[JSON] = []
    for window in sorted(known, key=lambda window: LENGTH_S[window.name]):
        if window.utilisation is None:
            continue
        over = window.resets_at is not None and window.resets_at <= now
        shown.append(
            {
                "name": window.name,
                "used": 0.0 if over else window.utilisation,
                "resets_at": None if over else window.resets_at,
            }
        )
    return shown


def shown_model(model: LocalModel | None, speeds: Speeds) -> JSON:
    """Return what is worth knowing of the local model that answers, or would."""
    if model is None:
        return None
    return {
        "key": model.key,
        "loaded": model.loaded,
        "rehearsal": model.rehearsal,
        "writes_per_s": speeds.of(model).tokens_a_second,
    }


def _over(quota: Quota, now: float) -> bool:
    # Only of a limit the cloud has said when it ends: how long an outage lasts nobody knows.
    return quota.state is State.EXHAUSTED and _end(quota) <= now


def _end(quota: Quota) -> float:
    return float("inf") if quota.until is None else quota.until + quota.jitter_s
