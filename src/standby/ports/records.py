"""What is kept of requests and accounts, and how it is read again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from standby.core.policy.metering import Row, Seen
from standby.core.quota.forecast import Sample
from standby.core.quota.windows import Window
from standby.core.redact import Secret
from standby.core.request import Account
from standby.core.usage import Entry
from standby.core.usage.deeds import Deed
from standby.core.usage.sums import Grouping, Line, Standing
from standby.core.wire.json import JSON

__all__ = [
    "Fingerprints",
    "History",
    "Ledger",
    "QuotaStore",
    "Records",
    "RecordsError",
]


class RecordsError(Exception):
    """The ledger cannot be read; the message says why, and what to do."""


class QuotaStore(Protocol):
    """Where the quota of each account is kept, so that it survives a restart."""

    async def load(self) -> Mapping[str, JSON]:
        """Return what was saved last; empty when nothing was, or it cannot be read."""
        ...

    async def save(self, state: Mapping[str, JSON]) -> None:
        """Keep the state. A full disk is logged, never raised."""
        ...


class Fingerprints(Protocol):
    """Turns credentials into accounts, and remembers which of them the cloud has accepted."""

    def account(self, kind: str, credential: Secret) -> Account:
        """Return the keyed fingerprint of a credential. ``kind``: ``x-api-key`` or ``bearer``."""
        ...

    def remembered(self, account: Account) -> bool:
        """Whether the cloud has accepted this credential within the last 30 days."""
        ...

    def accepted(self, account: Account) -> None:
        """Note that the cloud has accepted it."""
        ...

    def rejected(self, account: Account) -> None:
        """Forget it: the cloud said 401 or 403."""
        ...


class Ledger(Protocol):
    """What was used, and what was decided."""

    @property
    def degraded(self) -> str | None:
        """Why nothing is written just now; ``None`` when all is well."""
        ...

    def book(self, entry: Entry) -> None:
        """Take an entry; never wait, never fail. The same entry twice counts once."""
        ...

    def decided(self, request: str, said: Mapping[str, JSON]) -> None:
        """Take why a request was answered by whom it was, by its id; never wait, never fail."""
        ...

    def did(self, request: str, deeds: Sequence[Deed]) -> None:
        """Take what the calls in the answer to a request would change; never wait, never fail.

        It is kept with the entry of the request, which is booked before.
        """
        ...

    def saw(self, account: Account, windows: Iterable[Window], at: float) -> None:
        """Take what the cloud said of an account's windows; never wait, never fail."""
        ...

    async def recent(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest entries, newest first; empty when the ledger cannot be read."""
        ...


class Records(Protocol):
    """What the ledger has to tell. Each call is one short look; :class:`RecordsError` says why not.

    An empty answer is a ledger in which there is nothing yet.
    """

    async def lines(self, since: float, until: float, by: Grouping) -> tuple[Line, ...]:
        """Return what was used from ``since`` to ``until``, whole hours that begin in between.

        One line for each group, side and model. Of sessions only the newest few hundred.
        """
        ...

    async def entries(
        self, limit: int, *, session: str = "", after: int = 0
    ) -> tuple[tuple[int, Entry], ...]:
        """Return the newest entries with their numbers, newest first.

        ``session``: of this conversation and its subagents alone. ``after``: of higher numbers.
        """
        ...

    async def ends(self, sessions: Sequence[str]) -> Mapping[str, Entry]:
        """Return the newest entry of each of some conversations, as far as there is one."""
        ...

    async def switches(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest requests that were answered by another side than the one before."""
        ...

    async def sides(self) -> tuple[Standing, ...]:
        """Return who answers for each account and model, and since when."""
        ...

    async def samples(self, account: Account, since: float) -> Mapping[str, tuple[Sample, ...]]:
        """Return what was seen of each window of an account, in order of time."""
        ...


class History(Protocol):
    """The past, to be replayed. Each call is one short look; :class:`RecordsError` says why not."""

    async def rows(self, since: float, after: int, limit: int) -> tuple[tuple[int, Row], ...]:
        """Return requests with their numbers, in the order in which they were booked.

        ``since``: those that came at this moment or later. ``after``: of higher numbers.
        """
        ...

    async def windows(self, since: float) -> tuple[Seen, ...]:
        """Return what the cloud said of windows since a moment, in order of time."""
        ...
