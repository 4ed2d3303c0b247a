"""How the windows of each account went: taken up from the ledger, and learnt from each answer.

Kept in memory, a few dozen windows of each account; the ledger is read once, beside the requests.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from standby.app.recent import Recent
from standby.core.policy.habits import KEPT, LEARNT, Course, gone_on
from standby.core.quota.windows import LENGTH_S, Window
from standby.core.request import Account
from standby.ports import Clock, History, RecordsError

__all__ = ["Habits"]

log = logging.getLogger(__name__)

_PAST_S: Final = 2 * KEPT * max(LENGTH_S[name] for name in LEARNT)
_MOST_WAITING: Final = 1000

_Moment = tuple[Account, str, float, float, float]


class Habits:
    """What is known of how windows go."""

    def __init__(self) -> None:
        self._courses: Recent[tuple[Account, str], tuple[Course, ...]] = Recent()
        self._waiting: list[_Moment] | None = []
        """What was learnt before the ledger was read; ``None``: it has been."""

    def of(self, account: Account) -> Mapping[str, tuple[Course, ...]]:
        """Return the courses of an account's windows, by the name of the window."""
        return {name: self._courses.get((account, name)) or () for name in LEARNT}

    def learn(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Take in what an answer said of the windows."""
        for window in windows:
            if (
                window.name in LEARNT
                and window.utilisation is not None
                and window.resets_at is not None
            ):
                self._take(account, window.name, at, window.utilisation, window.resets_at)

    async def recall(
        self,
        history: History,
        clock: Clock,
        settle: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Take up what the ledger has seen. Call it once; without a ledger it changes nothing.

        ``settle`` ends when the ledger is in the schema of this version: at the first start, and
        after an update, it is brought there meanwhile, and what is read before cannot be read.
        """
        if settle is not None:
            await settle()
        try:
            seen = await history.windows(clock.now() - _PAST_S)
        except RecordsError as error:
            log.info("what earlier windows used is learned from scratch: %s", error)
            seen = ()
        waiting, self._waiting = self._waiting or [], None
        self._courses = Recent()
        for one in seen:
            if one.name in LEARNT and one.resets_at is not None:
                self._take(Account(one.account), one.name, one.at, one.used, one.resets_at)
        for account, name, at, used, resets_at in waiting:
            self._take(account, name, at, used, resets_at)

    def _take(self, account: Account, name: str, at: float, used: float, resets_at: float) -> None:
        if self._waiting is not None and len(self._waiting) < _MOST_WAITING:
            self._waiting.append((account, name, at, used, resets_at))
        before = self._courses.get((account, name)) or ()
        after = gone_on(before, at, used, resets_at, LENGTH_S[name])
        if after is not before:
            self._courses.put((account, name), after)
