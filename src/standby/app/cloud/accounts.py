"""The quota of each account: what the cloud says goes in, who may ask it comes out.

All that a request needs is synchronous and takes microseconds; what is decided is one step that
nothing can come between, so of many requests exactly one is the try. The store is written behind
their back: at once when an account changes sides, now and then for the figures in between.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from standby.core.quota import state as quota
from standby.core.quota.classify import Reader, classify
from standby.core.quota.machine import Admission, Quota, QuotaRules
from standby.core.quota.reply import Reply
from standby.core.quota.saved import from_json, to_json
from standby.core.quota.signals import Signal
from standby.core.quota.state import AccountState
from standby.core.quota.windows import Window, read_windows
from standby.core.request import Account
from standby.core.wire.json import JSON
from standby.ports import Clock, Dice, QuotaStore

__all__ = ["MAX_ACCOUNTS", "Accounts", "Change"]

log = logging.getLogger(__name__)

MAX_ACCOUNTS: Final = 64
"""More credentials than this in one gateway are forgotten, the unknown ones first."""
LAZY_S: Final = 30.0
"""How long figures that no decision rests on may wait to be saved."""
# A clock that is corrected by less has not been set back.
_DRIFT_S: Final = 1.0
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Change:
    """An account changed sides, for the log and for whoever shows it."""

    account: Account
    model: str
    """The model whose request brought it about."""
    before: Quota
    after: Quota
    signal: Signal | None


class Accounts:
    """What is known of every account, and who of their requests may go to the cloud."""

    def __init__(
        self,
        store: QuotaStore,
        clock: Clock,
        dice: Dice,
        readers: Sequence[Reader],
        rules: QuotaRules | None = None,
        on_change: Callable[[Change], None] | None = None,
        on_seen: Callable[[Account, tuple[Window, ...], float], None] | None = None,
    ) -> None:
        """``on_seen`` is told what an answer said of the windows, and when."""
        self._store = store
        self._clock = clock
        self._dice = dice
        self._readers = tuple(sorted(readers, key=lambda reader: reader.rank))
        self.rules = rules or QuotaRules()
        """Replaced when the settings are read again."""
        self._on_change = on_change
        self._on_seen = on_seen
        # In the order of use, the longest unused first.
        self._states: dict[Account, AccountState] = {}
        self._ahead_s = clock.now() - clock.ticks()
        self._stale = asyncio.Event()
        self._switched = asyncio.Event()
        self._writing = asyncio.Lock()

    async def restore(self) -> None:
        """Take up what was saved; call it once, before the first request."""
        saved = await self._store.load()
        accounts = saved.get("accounts") if saved.get("version") == _VERSION else None
        if not isinstance(accounts, dict):
            return
        now = self._now()
        for name, value in list(accounts.items())[-MAX_ACCOUNTS:]:
            self._states[Account(name)] = from_json(value, now, self.rules)

    def admission(self, account: Account, model: str) -> Admission:
        """Return whether a request may go to the cloud; ``TRY`` is given to one request at a time.

        Whoever gets ``TRY`` says what came of it with ``heard(..., trying=True)``, or gives it back
        with :meth:`released`.
        """
        now = self._now()
        before = self._state(account)
        after, admission = quota.admitted(before, model, now, self.rules)
        if after is not before:
            self._states[account] = after
        return admission

    def heard(
        self, account: Account, model: str, reply: Reply, *, trying: bool = False
    ) -> Signal | None:
        """Take in what the cloud answered, and return what it means.

        ``None`` means that it says nothing about quota: the answer is the client's own business.
        ``trying`` is for a request that was given ``TRY``, and for one that was relayed although
        the account was exhausted, as a quota probe is.
        """
        now = self._now()
        signal = classify(reply, now, self._readers)
        before = self._state(account)
        jitter_s = self._dice.fraction() * self.rules.jitter_s
        after = quota.heard(before, signal, model, now, jitter_s, self.rules, tried=trying)
        windows = read_windows(reply.headers, now)
        after = quota.seen(after, windows, now)
        if windows and self._on_seen is not None:
            self._on_seen(account, windows, now)
        if after is not before and after != before:
            self._put(account, model, before, after, signal)
        return signal

    def released(self, account: Account, model: str) -> None:
        """Give back a try that came to nothing, such as a request whose client went away."""
        before = self._state(account)
        after = quota.released(before, model, self._now())
        if after != before:
            self._put(account, model, before, after, None)

    def standing(self, account: Account, model: str) -> Quota:
        """Return the quota that binds a model of this account now."""
        return quota.combined(self._state(account), model, self._now())

    def windows(self, account: Account) -> tuple[Window, ...]:
        """Return what is known of the windows of an account."""
        state = self._states.get(account)
        return () if state is None else state.windows

    def snapshot(self) -> tuple[tuple[Account, AccountState], ...]:
        """Return all that is known, the account longest unused first."""
        self._now()  # notices a clock that was set back
        return tuple(self._states.items())

    def woke(self) -> None:
        """Note that the machine has slept: of each account the next request may try the cloud."""
        now = self._now()
        for account, state in self._states.items():
            self._states[account] = quota.awake(state, now)
        self._stale.set()

    async def keep(self) -> None:
        """Save what changes, until cancelled. Run it in a task group; :meth:`flush` after it."""
        while True:
            await self._stale.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAZY_S):
                    await self._switched.wait()
            await self.flush()

    async def flush(self) -> None:
        """Save what has changed since the last time, now."""
        async with self._writing:
            if not self._stale.is_set():
                return
            self._stale.clear()
            self._switched.clear()
            try:
                await self._store.save(self._saved())
            except asyncio.CancelledError:
                self._stale.set()  # it may not have been saved
                raise

    def _saved(self) -> Mapping[str, JSON]:
        accounts: dict[str, JSON] = {name: to_json(state) for name, state in self._states.items()}
        return {"version": _VERSION, "accounts": accounts}

    def _state(self, account: Account) -> AccountState:
        """Return what is known of an account, and note that it is in use."""
        state = self._states.pop(account, None) or AccountState()
        self._states[account] = state
        while len(self._states) > MAX_ACCOUNTS:
            del self._states[self._least_missed(account)]
        return state

    def _least_missed(self, used: Account) -> Account:
        """Return the account to forget, the one longest unused of as many as can be.

        Those of which nothing is known go first: credentials that the cloud does not know must not
        push out one that has met a limit.
        """
        others = [each for each in self._states if each != used]
        blank = (each for each in others if self._states[each] == AccountState())
        return next(blank, others[0])

    def _put(
        self,
        account: Account,
        model: str,
        before: AccountState,
        after: AccountState,
        signal: Signal | None,
    ) -> None:
        self._states[account] = after
        self._stale.set()
        if before.quotas == after.quotas:
            return
        self._switched.set()
        if self._on_change is None:
            return
        now = self._now()
        was, now_is = quota.combined(before, model, now), quota.combined(after, model, now)
        if was.state is not now_is.state:
            self._on_change(Change(account, model, was, now_is, signal))

    def _now(self) -> float:
        """Return the time; a clock that was set back makes no wait of our own longer."""
        now = self._clock.now()
        ahead_s = now - self._clock.ticks()
        by_s = self._ahead_s - ahead_s
        self._ahead_s = ahead_s
        if by_s > _DRIFT_S:
            log.warning("the clock was set back by %.0f s", by_s)
            for account, state in self._states.items():
                self._states[account] = quota.rewound(state, by_s)
            self._stale.set()  # or a restart would bring the longer waits back
        return now
