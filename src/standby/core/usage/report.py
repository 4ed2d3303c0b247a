"""The report on usage that all faces show: one value, and one shape of JSON.

Moments are in seconds since the epoch, shares from 0 to 1, costs in US dollars at list prices.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from standby.core.quota.forecast import Forecast, Sample
from standby.core.usage.entries import Entry, Tokens
from standby.core.usage.prices import Prices
from standby.core.usage.sums import Line, Sums, added
from standby.core.wire.json import JSON

__all__ = [
    "AccountUse",
    "Group",
    "Now",
    "Report",
    "Totals",
    "WindowUse",
    "report_json",
    "totals",
]

VERSION = 1
"""Of the shape of the JSON: a field may be added, none is taken away or changes its meaning."""
_MOST_SHOWN_POINTS = 60


@dataclass(frozen=True, slots=True)
class Now:
    """Who answers the account that was used last."""

    side: str
    """``cloud``, ``local`` or ``nobody``."""
    model: str
    why: str
    since: float | None
    """Since when that side answers; ``None``: no answer tells."""
    until: float | None
    """When the cloud is asked again; ``None``: it is, or nobody knows."""
    until_told: str


@dataclass(frozen=True, slots=True)
class WindowUse:
    """One window or bucket of an account, as it is called by the cloud."""

    name: str
    status: str
    resets_at: float | None
    resets_in_s: float | None
    resets_told: str
    forecast: Forecast
    runs_out_told: str
    warnings: tuple[str, ...]
    history: tuple[Sample, ...]
    """What was seen since the last reset, thinned."""


@dataclass(frozen=True, slots=True)
class AccountUse:
    """The windows of an account."""

    account: str
    """The beginning of its fingerprint."""
    seen_at: float
    windows: tuple[WindowUse, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """What some requests came to, in all and by who answered."""

    sums: Sums
    sides: tuple[tuple[str, Sums], ...]
    """By ``cloud``, ``local``, ``both``, ``gateway`` and ``nobody``: those there are."""
    cloud_cost: float
    """What the tokens of cloud answers cost at list prices, as far as their models have one."""
    local_cost: float
    """What the tokens of local answers would have cost as the models that were asked for."""
    unpriced: tuple[str, ...]
    """Models that were asked for and have no price here."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the requests of one session, project, model, hour or day came to."""

    key: str
    """Empty: a session or project that was not said."""
    last_at: float
    """The hour of the last of them."""
    totals: Totals


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, at one moment."""

    at: float
    now: Now
    accounts: tuple[AccountUse, ...]
    """The one that was used last comes first."""
    today: Totals
    """Since midnight here."""
    week: Totals
    """The last seven days."""
    since: float
    chosen: Totals
    """Since the moment that was asked for."""
    by: str
    groups: tuple[Group, ...]
    """The same, taken apart; the newest or greatest first."""
    hours: tuple[tuple[float, Sums], ...]
    """The last day, hour by hour, oldest first."""
    switches: tuple[Entry, ...]
    """The newest requests that another side answered than the one before, newest first."""
    prices_dated: str
    energy_j: float | None
    """What the machine has used since the gateway started; ``None``: it does not report it."""
    problem: str
    """Why the ledger's part is missing; empty when it is not."""


def totals(lines: Iterable[Line], prices: Prices) -> Totals:
    """Return what lines come to."""
    sides: dict[str, Sums] = {}
    costs = {"cloud": 0.0, "local": 0.0}
    unpriced: set[str] = set()
    for line in lines:
        sides[line.by] = sides.get(line.by, Sums()) + line.sums
        if line.by not in {"cloud", "local", "both"} or line.sums.tokens == Tokens():
            continue
        cost = prices.cost(line.requested, line.sums.tokens)
        if cost is None:
            unpriced.add(line.requested)
        else:
            costs["cloud" if line.by == "cloud" else "local"] += cost
    return Totals(
        added(sides.values()),
        tuple(sorted(sides.items())),
        costs["cloud"],
        costs["local"],
        tuple(sorted(unpriced)),
    )


def report_json(report: Report) -> dict[str, JSON]:
    """Return the report as JSON."""
    now = report.now
    return {
        "version": VERSION,
        "at": report.at,
        "now": {
            "side": now.side,
            "model": now.model,
            "why": now.why,
            "since": now.since,
            "until": now.until,
            "until_told": now.until_told,
        },
        "accounts": [
            {
                "account": one.account,
                "seen_at": one.seen_at,
                "windows": [_window(window) for window in one.windows],
            }
            for one in report.accounts
        ],
        "today": totals_json(report.today),
        "week": totals_json(report.week),
        "since": report.since,
        "chosen": totals_json(report.chosen),
        "by": report.by,
        "groups": [
            {"key": group.key, "last_at": group.last_at, **totals_json(group.totals)}
            for group in report.groups
        ],
        "hours": [
            {
                "at": at,
                "requests": sums.requests,
                "output_tokens": sums.tokens.output,
                "tokens_per_s": sums.tokens_per_s,
            }
            for at, sums in report.hours
        ],
        "switches": [
            {
                "at": one.at,
                "by": one.by,
                "requested": one.requested,
                "answered": one.answered,
                "why": one.why,
                "session": one.session,
                "project": one.project,
            }
            for one in report.switches
        ],
        "prices_dated": report.prices_dated,
        "energy_j": report.energy_j,
        "problem": report.problem,
    }


def totals_json(said: Totals) -> dict[str, JSON]:
    """Return totals as JSON."""
    return {
        **_sums(said.sums),
        "sides": {side: _sums(sums) for side, sums in said.sides},
        "cloud_cost_usd": round(said.cloud_cost, 6),
        "local_cost_usd": round(said.local_cost, 6),
        "unpriced": [*said.unpriced],
    }


def _sums(sums: Sums) -> dict[str, JSON]:
    return {
        "requests": sums.requests,
        "ok": sums.ok,
        "saved": sums.saved,
        "switches": sums.switches,
        "input_tokens": sums.tokens.input,
        "output_tokens": sums.tokens.output,
        "cache_read_tokens": sums.tokens.cache_read,
        "cache_write_tokens": sums.tokens.cache_write,
        "first_token_median_s": _rounded(sums.first_token_s(0.5)),
        "first_token_p95_s": _rounded(sums.first_token_s(0.95)),
        "tokens_per_s": _rounded(sums.tokens_per_s),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _window(window: WindowUse) -> JSON:
    said = window.forecast
    step = max(1, -(-len(window.history) // _MOST_SHOWN_POINTS))
    shown = window.history[::-1][::step][::-1]
    return {
        "name": window.name,
        "status": window.status,
        "used": said.used,
        "left": said.left,
        "resets_at": window.resets_at,
        "resets_in_s": window.resets_in_s,
        "resets_told": window.resets_told,
        "rate_per_hour": said.rate_per_s * 3600,
        "runs_out_at": said.runs_out_at,
        "runs_out_told": window.runs_out_told,
        "earliest": said.earliest,
        "latest": said.latest,
        "lasts": said.lasts,
        "warnings": [*window.warnings],
        "history": [[sample.at, sample.used] for sample in shown],
    }
