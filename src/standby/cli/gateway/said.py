"""What the gateway says of itself, as values: a field that it does not send is empty."""

from collections.abc import Iterator
from dataclasses import dataclass

from standby.cli.gateway.warming import Warming, read_warming
from standby.core.turns import Queue
from standby.core.wire.json import JSON

__all__ = [
    "Account",
    "Chosen",
    "Last",
    "Model",
    "Policy",
    "Queue",
    "Status",
    "Tier",
    "Window",
    "policy_words",
    "read_policy",
    "read_status",
]


@dataclass(frozen=True, slots=True)
class Model:
    """A local model."""

    key: str
    base_url: str
    context_tokens: int | None
    tools: bool | None
    vision: bool | None
    rehearsal: bool
    settings: str = ""
    """How an engine of ours runs it."""
    tuned: str = ""
    """Which trial of a bench that comes from; empty: it was computed."""
    remark: str = ""
    """What is not as it was asked for or announced."""
    label: str = ""
    """All that is worth knowing of it, in one line."""


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a quota is used: 0 to 1, and when that begins anew, in seconds of the epoch."""

    name: str
    used: float | None
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the cloud."""

    name: str
    windows: tuple[Window, ...]
    closed: tuple[str, ...]
    """The limits that keep it from the cloud now, in words."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Last:
    """The newest request."""

    at: float
    requested: str
    answered: str
    by: str
    outcome: str
    status: int
    first_token_s: float | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose, or the settings say."""

    mode: str
    words: str
    until_told: str
    special: bool
    """For some requests only."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of the cloud's models that the settings name a local model for."""

    name: str
    model: str
    there: bool
    """Whether there is such a local model."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts now, and what counts for some requests."""

    now: Chosen
    choices: tuple[Chosen, ...]
    fault: str
    """Why the settings cannot be used as they stand in their file now."""
    waiting: tuple[str, ...] = ()
    """The settings in their file that count from the next start of the gateway on."""
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """All of it."""

    version: str
    pid: int
    url: str
    uptime_s: float
    answering: str
    """``cloud``, ``local`` or ``nobody``."""
    model: str
    why: str
    until_told: str
    cloud_url: str
    accounts: tuple[Account, ...]
    next: Model | None
    """Who would take over."""
    models: tuple[Model, ...]
    queues: tuple[Queue, ...]
    """Of the engines that were asked for anything yet."""
    fetching: str
    problem: str
    last: Last | None
    policy: Policy
    warming: Warming
    degraded: str
    """Why the ledger is not kept; empty when it is."""
    cold_prompt_s: float | None = None
    """How long a first prompt takes the one who would take over; ``None``: nobody has seen it."""


def read_status(said: JSON) -> Status:
    """Return what a status object says."""
    cloud, local = _under(said, "cloud"), _under(said, "local")
    return Status(
        version=_text(said, "version"),
        pid=int(_number(said, "pid") or 0),
        url=_text(said, "url"),
        uptime_s=_number(said, "uptime_s") or 0.0,
        answering=_text(said, "answering"),
        model=_text(said, "model"),
        why=_text(said, "why"),
        until_told=_text(said, "until_told"),
        cloud_url=_text(cloud, "url"),
        accounts=tuple(_account(one) for one in _list(cloud, "accounts")),
        next=_model(_under(local, "would_take_over")),
        models=tuple(model for one in _list(local, "models") if (model := _model(one))),
        queues=tuple(_queue(one) for one in _list(local, "queues")),
        fetching=_text(local, "fetching"),
        problem=_text(local, "problem"),
        policy=read_policy(_under(said, "policy")),
        last=_last(_under(said, "last")),
        warming=read_warming(_under(local, "warming")),
        cold_prompt_s=_number(local, "cold_prompt_s"),
        degraded=_text(_under(said, "ledger"), "degraded"),
    )


def read_policy(said: JSON) -> Policy:
    """Return what is said of the choices."""
    choices = tuple(_chosen(one) for one in _list(said, "choices"))
    waiting = tuple(one for one in _list(said, "settings_waiting") if isinstance(one, str))
    tiers = tuple(
        Tier(_text(one, "tier"), _text(one, "model"), _flag(one, "there") is True)
        for one in _list(said, "tiers")
    )
    return Policy(_chosen(said), choices, _text(said, "settings_fault"), waiting, tiers)


def policy_words(chosen: Chosen) -> str:
    """Return a choice as it is shown."""
    return f"{chosen.words} until {chosen.until_told}" if chosen.until_told else chosen.words


def _chosen(said: JSON) -> Chosen:
    special = bool(_text(said, "session") or _text(said, "project"))
    mode = _text(said, "mode")
    return Chosen(mode, _text(said, "words") or mode, _text(said, "until_told"), special)


def _account(said: JSON) -> Account:
    return Account(
        _text(said, "account"),
        tuple(
            Window(_text(one, "name"), _number(one, "utilisation"), _number(one, "resets_at"))
            for one in _list(said, "windows")
        ),
        tuple(_closed(_list(said, "quotas"))),
        tuple(one for one in _list(said, "warnings") if isinstance(one, str)),
    )


def _closed(quotas: list[JSON]) -> Iterator[str]:
    for quota in quotas:
        state = _text(quota, "state")
        if state and state.lower() != "open":
            scope = _text(quota, "scope")
            yield f"{scope}: {state.lower()}" if scope else state.lower()


def _model(said: JSON) -> Model | None:
    match said:
        case {"key": str(key)}:
            window = _number(said, "context_tokens")
            return Model(
                key,
                _text(said, "base_url"),
                None if window is None else int(window),
                _flag(said, "tools"),
                _flag(said, "vision"),
                _flag(said, "rehearsal") is True,
                _text(said, "settings"),
                _text(said, "tuned"),
                _text(said, "remark"),
                _text(said, "label") or key,
            )
        case _:
            return None


def _queue(said: JSON) -> Queue:
    slots, busy, waiting = (int(_number(said, name) or 0) for name in ("slots", "busy", "waiting"))
    return Queue(_text(said, "engine"), slots, busy, waiting)


def _last(said: JSON) -> Last | None:
    if not isinstance(said, dict):
        return None
    return Last(
        at=_number(said, "at") or 0.0,
        requested=_text(said, "requested"),
        answered=_text(said, "answered"),
        by=_text(said, "by"),
        outcome=_text(said, "outcome"),
        status=int(_number(said, "status") or 0),
        first_token_s=_number(said, "first_token_s"),
        duration_s=_number(said, "duration_s") or 0.0,
    )


def _under(said: JSON, name: str) -> JSON:
    return said.get(name) if isinstance(said, dict) else None


def _text(said: JSON, name: str) -> str:
    value = _under(said, name)
    return value if isinstance(value, str) else ""


def _number(said: JSON, name: str) -> float | None:
    value = _under(said, name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(said: JSON, name: str) -> bool | None:
    value = _under(said, name)
    return value if isinstance(value, bool) else None


def _list(said: JSON, name: str) -> list[JSON]:
    value = _under(said, name)
    return value if isinstance(value, list) else []
