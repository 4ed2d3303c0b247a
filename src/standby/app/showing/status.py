"""Who serves now, why and until when, and who would take over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from standby.app.choosing import Choosing
from standby.app.cloud.accounts import Accounts
from standby.app.local.engines import Engines
from standby.app.local.speeds import Speeds
from standby.app.policy import Said
from standby.app.showing.glance import binding, shown_model, shown_windows
from standby.app.warming.warm import Warming
from standby.core.models.facts import LocalModel
from standby.core.models.label import label
from standby.core.policy.modes import Mode
from standby.core.quota.state import AccountState
from standby.core.quota.windows import warnings
from standby.core.quota.words import reason
from standby.core.request import SHOWN, Account
from standby.core.turns import Queue
from standby.core.usage import Entry
from standby.core.usage.report import Now
from standby.core.warming import Warmth
from standby.core.wire.json import JSON
from standby.ports import Clock, Ledger

__all__ = ["SHOWN", "About", "Status", "entry_json", "model_json"]


@dataclass(frozen=True, slots=True)
class About:
    """What a gateway knows of itself from its start."""

    version: str
    pid: int
    url: str
    cloud_url: str
    started_at: float
    ledger_enabled: bool


# Tokens that Claude Code sends at its start.
_FIRST_PROMPT: Final = 14_000


class Status:
    """Answers the gateway's own commands."""

    def __init__(
        self,
        about: About,
        accounts: Accounts,
        engines: Engines,
        ledger: Ledger,
        clock: Clock,
        fetching: Callable[[], str | None] = lambda: None,
        choosing: Choosing | None = None,
        warming: Warming | None = None,
        speeds: Speeds | None = None,
        queues: Callable[[], tuple[Queue, ...]] = tuple,
    ) -> None:
        self._about = about
        self._accounts = accounts
        self._engines = engines
        self._ledger = ledger
        self._clock = clock
        self._fetching = fetching
        self._choosing = choosing
        self._warming = warming
        self._speeds = speeds or Speeds()
        self._queues = queues

    async def status(self) -> dict[str, JSON]:
        """Return all of it as one JSON object."""
        about, now = self._about, self._clock.now()
        await self._engines.refresh()
        models = self._engines.known()
        first = models[0] if models else None
        accounts = self._accounts.snapshot()
        last = await self._ledger.recent(1)
        return {
            "version": about.version,
            "pid": about.pid,
            "url": about.url,
            "started_at": about.started_at,
            "uptime_s": now - about.started_at,
            **self._answering(accounts, first, now, self._said_of()),
            "policy": {} if self._choosing is None else self._choosing.told(),
            "cloud": {
                "url": about.cloud_url,
                "accounts": [_account(name, state, now) for name, state in reversed(accounts)],
            },
            "local": {
                "would_take_over": None if first is None else self._first(first),
                "models": [model_json(model) for model in models],
                "fetching": self._fetching(),
                "problem": None if first else "no local model is there",
                "cold_prompt_s": None if first is None else self._cold_prompt_s(first),
                "warming": self.warmth(),
                "queues": [_queue(queue) for queue in self._queues()],
            },
            "last": entry_json(last[0]) if last else None,
            "ledger": {"enabled": about.ledger_enabled, "degraded": self._ledger.degraded},
        }

    def now_answering(self) -> Now:
        """Return who would answer the next request of the account used last."""
        models = self._engines.known()
        accounts, first = self._accounts.snapshot(), models[0] if models else None
        match self._answering(accounts, first, self._clock.now(), self._said_of()):
            case {"answering": str(side), "model": str(model), "why": str(why), **rest}:
                until, told = rest.get("until"), rest.get("until_told")
                return Now(
                    side,
                    model,
                    why,
                    None,
                    float(until) if isinstance(until, int | float) else None,
                    told if isinstance(told, str) else "",
                )
            case _:
                return Now("", "", "", None, None, "")

    def _first(self, model: LocalModel) -> JSON:
        speed = self._speeds.of(model).tokens_a_second
        warm = self._warming is not None and self._warming.has_read(model)
        return {**model_json(model), "label": label(model, speed, warm=warm)}

    def _cold_prompt_s(self, model: LocalModel) -> float | None:
        """Return how long a first prompt like Claude Code's takes, as far as was seen."""
        tokens = min(_FIRST_PROMPT, model.context_tokens or _FIRST_PROMPT)
        return self._speeds.expected(model, tokens)

    def glance(self, session: str = "", project: str = "") -> dict[str, JSON]:
        """Return in short who answers now and what is left, for the account used last.

        For a status line: no engine is asked, and the ledger is not read. ``session`` is the
        conversation above the line, ``project`` the folder that it is about.
        """
        said = self._said_of(session, project)
        now = self._clock.now()
        accounts = self._accounts.snapshot()
        first = next(iter(self._engines.known()), None)
        now_answering = self._answering(accounts, first, now, said)
        return {
            **{name: now_answering[name] for name in ("answering", "model", "why", "until")},
            "mode": (said.choice.mode or Mode.AUTO).value,
            "windows": shown_windows(accounts[-1][1], now) if accounts else [],
            "stand_in": shown_model(first, self._speeds),
            "warm": self._warm_part(session),
        }

    def _warm_part(self, session: str) -> float | None:
        """Return the share of a conversation that the local engine has read; ``None``: unknown."""
        if self._warming is None or not session:
            return None
        live = self._warming.state().conversations
        return next((one.part for one in live if one.session == session), None)

    def warm(self) -> dict[str, JSON]:
        """Have the live conversations read by the local engine now; return how far that is."""
        if self._warming is None:
            return {}
        self._warming.ask()
        return self.warmth()

    def warmth(self) -> dict[str, JSON]:
        """Return how far the live conversations are read by the local engine."""
        if self._warming is None:
            return {}
        state = self._warming.state()
        return {
            "warm": state.warm,
            "why": state.why,
            "model": state.model,
            "problem": state.problem or None,
            "conversations": [_conversation(each) for each in state.conversations],
        }

    async def recent(self, limit: int) -> list[JSON]:
        """Return the newest entries, newest first."""
        return [entry_json(entry) for entry in await self._ledger.recent(limit)]

    def _answering(
        self,
        accounts: tuple[tuple[Account, AccountState], ...],
        first: LocalModel | None,
        now: float,
        said: Said,
    ) -> dict[str, JSON]:
        """Return who would answer the next request of the account used last."""
        if said.no_cloud:
            return self._kept_here(said, first)
        bound = binding(accounts[-1][1], now) if accounts else None
        if bound is None:
            why = "the cloud serves" if accounts else "no request has come yet"
            return {"answering": "cloud", "model": "", "why": why, "until": None, "until_told": ""}
        until = bound.until
        here = first is not None and not said.no_local
        return {
            "answering": "local" if here else "nobody",
            "model": first.key if first and here else "",
            "why": _both(reason(bound), said.no_local),
            "until": until,
            "until_told": "" if until is None else self._clock.told(until),
        }

    def _said_of(self, session: str = "", project: str = "") -> Said:
        return Said() if self._choosing is None else self._choosing.said_of(session, project)

    def _kept_here(self, said: Said, first: LocalModel | None) -> dict[str, JSON]:
        """Return who would answer what a person keeps from the cloud."""
        until = said.choice.until if said.choice.mode is Mode.LOCAL else None
        model = said.choice.model or (first.key if first else "")
        return {
            "answering": "local" if first and not said.no_local else "nobody",
            "model": "" if said.no_local else model,
            "why": _both(said.no_cloud, said.no_local),
            "until": until,
            "until_told": "" if until is None else self._clock.told(until),
        }


def _both(why: str, besides: str) -> str:
    return f"{why}; {besides}" if besides and besides != why else why


def _account(name: Account, state: AccountState, now: float) -> JSON:
    return {
        "account": name[:SHOWN],
        "quotas": [
            {
                "scope": str(quota.scope),
                "state": quota.state.value,
                "until": quota.until,
                "claim": quota.claim,
                "evidence": quota.evidence,
            }
            for quota in state.quotas
        ],
        "windows": [
            {
                "name": window.name,
                "utilisation": window.utilisation,
                "resets_at": window.resets_at,
                "status": window.status,
            }
            for window in state.windows
        ],
        "warnings": [words for window in state.windows for words in warnings(window, now)],
    }


def _conversation(warmth: Warmth) -> JSON:
    session, _, agent = warmth.session.partition("/")
    return {
        "session": session[:SHOWN],
        "agent": agent[:SHOWN] or None,
        "state": warmth.state,
        "read_tokens": warmth.read,
        "tokens": warmth.tokens,
        "percent": int(100 * warmth.part),
    }


def model_json(model: LocalModel) -> dict[str, JSON]:
    """Return a local model as JSON."""
    return {
        "engine": model.engine,
        "id": model.id,
        "key": model.key,
        "base_url": model.base_url,
        "context_tokens": model.context_tokens,
        "loaded": model.loaded,
        "tools": model.tools,
        "vision": model.vision,
        "rehearsal": model.rehearsal,
        "settings": model.settings,
        "tuned": model.tuned,
        "remark": model.remark,
        "label": label(model),
    }


def _queue(queue: Queue) -> JSON:
    return {
        "engine": queue.engine,
        "slots": queue.slots,
        "busy": queue.busy,
        "waiting": queue.waiting,
    }


def entry_json(entry: Entry) -> dict[str, JSON]:
    """Return an entry of the ledger as JSON, by the names of its fields."""
    return {
        "id": entry.id,
        "at": entry.at,
        "session": entry.session,
        "account": entry.account[:SHOWN],
        "requested": entry.requested,
        "answered": entry.answered,
        "by": entry.by,
        "why": entry.why,
        "outcome": entry.outcome,
        "status": entry.status,
        "input_tokens": entry.tokens.input,
        "output_tokens": entry.tokens.output,
        "cache_read_tokens": entry.tokens.cache_read,
        "cache_write_tokens": entry.tokens.cache_write,
        "first_token_s": entry.first_token_s,
        "duration_s": entry.duration_s,
        "notes": [*entry.notes],
    }
