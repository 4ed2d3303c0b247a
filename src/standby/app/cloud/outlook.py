"""Why the cloud may soon not serve those who are here: limits, trouble, and what is foretold.

What is to be done about it is decided in :mod:`standby.core.warming`, and done in
:mod:`standby.app.warming.warm`.
"""

import asyncio
from collections.abc import Collection
from typing import Final

from standby.app.cloud.accounts import Accounts
from standby.core import warming
from standby.core.quota.forecast import forecast
from standby.core.quota.machine import binds
from standby.core.quota.state import AccountState
from standby.core.quota.words import reason
from standby.core.request import Account
from standby.ports import Clock, Records, RecordsError

__all__ = ["Outlook"]

_TROUBLE_S: Final = 600.0
"""How long a cloud that has failed is not trusted."""
_FORETOLD_S: Final = 60.0
"""How long what was foretold counts: an end moves little in a minute."""
_PAST_S: Final = 28 * 86_400.0


class Outlook:
    """Looks at the quota of the accounts that are in use. Asks the cloud nothing."""

    def __init__(self, accounts: Accounts, clock: Clock, records: Records | None = None) -> None:
        """``records`` tell how the windows went before; without them nothing is foretold."""
        self._accounts = accounts
        self._clock = clock
        self._records = records
        self._trouble: tuple[float, str] = (0.0, "")
        self._ends: dict[Account, tuple[float, dict[str, float]]] = {}
        """When it was foretold, by the clock that never jumps, and when which window may end."""

    def trouble(self, why: str) -> None:
        """Note that the cloud has failed a request: it may fail the next one of anybody."""
        self._trouble = (self._clock.ticks() + _TROUBLE_S, why)

    async def why(self, here: Collection[Account], at: float, reading_s: float | None) -> str:
        """Return why the cloud may soon not serve these accounts, in words; empty: it serves.

        ``at`` is the share of a window from which on its end is near, ``reading_s`` how long it
        takes to read the longest of what they have said; ``None``: nobody knows.
        """
        until, trouble = self._trouble
        if self._clock.ticks() < until:
            return trouble
        now = self._clock.now()
        for account, state in self._accounts.snapshot():
            if account not in here:
                continue
            bound = (reason(quota) for quota in state.quotas if binds(quota, now))
            if said := next(bound, None) or warming.tell(state.windows, at, now):
                return said
            ends = await self._foretold(account, state)
            if said := warming.foretold(ends, reading_s, now):
                return said
        return ""

    async def _foretold(self, account: Account, state: AccountState) -> dict[str, float]:
        """Return when each window may be used up that does not surely last."""
        ticks = self._clock.ticks()
        known = self._ends.get(account)
        if known is not None and 0 <= ticks - known[0] < _FORETOLD_S:
            return known[1]
        ends: dict[str, float] = {}
        if self._records is not None:
            now = self._clock.now()
            try:
                seen = await self._records.samples(account, now - _PAST_S)
            except RecordsError:  # the report on usage says it
                seen = {}
            for window in state.windows:
                samples = seen.get(window.name, ())
                # 65 ms for four weeks of a busy window: not on the loop that relays answers.
                said = await asyncio.to_thread(forecast, samples, window, now)
                if said.earliest is not None and not said.lasts:
                    ends[window.name] = said.earliest
        self._ends[account] = (ticks, ends)
        return ends
