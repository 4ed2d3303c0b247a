"""What machines watch: counters since the start of this gateway, and how things stand.

Numbers and a few names, each out of a bounded set: no prompt, no session, no project, no
credential. Totals that outlive a restart are the ledger's.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from standby.app.cloud.accounts import Accounts
from standby.app.local.admission import Admission
from standby.app.local.engines import Engines
from standby.app.showing.status import About
from standby.core.models.facts import LocalModel
from standby.core.quota.windows import Window
from standby.core.request import SHOWN
from standby.core.turns import Queue
from standby.core.usage import Entry
from standby.ports import Ledger

__all__ = ["BOUNDS_S", "MOST_NAMES", "OTHER", "Distribution", "Measures", "Names", "Snapshot"]

BOUNDS_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""The upper bounds of the buckets of durations, in seconds."""
MOST_NAMES: Final = 50
OTHER: Final = "other"
_MOST_SIGNS: Final = 80


class Names:
    """Lets the first names through, as they are; all later ones are :data:`OTHER`.

    A client names its models as it likes, and each name is a series that a machine keeps for ever.
    """

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, name: str) -> str:
        """Return the name under which something is counted."""
        short = name[:_MOST_SIGNS]
        if short not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(short)
        return short


@dataclass(slots=True)
class Distribution:
    """How long things took."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """One for each bound of :data:`BOUNDS_S`, and one for what took longer."""
    sum_s: float = 0.0

    def add(self, took_s: float) -> None:
        """Count one more."""
        self.counts[bisect_left(BOUNDS_S, took_s)] += 1
        self.sum_s += took_s

    def cumulative(self) -> tuple[int, ...]:
        """Return how many took no longer than each bound, and how many there are."""
        total = 0
        return tuple(total := total + count for count in self.counts)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment, as values that nothing changes any more."""

    about: About
    requests: Sequence[tuple[tuple[str, str, str], int]]
    """By side, outcome and model."""
    tokens: Sequence[tuple[tuple[str, str, str], int]]
    """By side, model and kind."""
    first_token: Sequence[tuple[str, tuple[int, ...], float]]
    """By side: cumulative counts and the sum in seconds."""
    duration: Sequence[tuple[str, tuple[int, ...], float]]
    windows: Sequence[tuple[str, Window]]
    """The account's short name, and one of its windows."""
    models: Sequence[LocalModel]
    queues: Sequence[Queue]
    ledger_writes: bool


class Measures:
    """Counts what is booked, and says how things stand."""

    def __init__(
        self,
        about: About,
        accounts: Accounts,
        engines: Engines,
        admission: Admission,
        ledger: Ledger,
    ) -> None:
        self._about = about
        self._accounts = accounts
        self._engines = engines
        self._admission = admission
        self._ledger = ledger
        self._models, self._windows = Names(), Names()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._tokens: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[str, Distribution] = {}
        self._whole: dict[str, Distribution] = {}

    def heard(self, entry: Entry) -> None:
        """Count a request that has ended."""
        model = self._models.of(entry.answered)
        self._requests[entry.by, entry.outcome, model] += 1
        tokens = entry.tokens
        for kind, count in (
            ("input", tokens.input),
            ("output", tokens.output),
            ("cache_read", tokens.cache_read),
            ("cache_write", tokens.cache_write),
        ):
            if count:
                self._tokens[entry.by, model, kind] += count
        if entry.first_token_s is not None:
            self._first.setdefault(entry.by, Distribution()).add(entry.first_token_s)
        self._whole.setdefault(entry.by, Distribution()).add(entry.duration_s)

    def bounded(self, entry: Entry) -> Entry:
        """Return an entry whose models are called as they are counted here."""
        return replace(
            entry,
            requested=self._models.of(entry.requested),
            answered=self._models.of(entry.answered),
        )

    def snapshot(self) -> Snapshot:
        """Return this moment. Asks nobody: what is known of the engines counts."""
        accounts, models = self._accounts.snapshot(), self._engines.known()
        return Snapshot(
            self._about,
            sorted(self._requests.items()),
            sorted(self._tokens.items()),
            _rows(self._first),
            _rows(self._whole),
            [
                (name[:SHOWN], window)
                for name, state in accounts
                for window in state.windows
                if self._windows.of(window.name) == window.name
            ],
            [model for model in models if self._models.of(model.key) == model.key],
            self._admission.queues(),
            self._about.ledger_enabled and self._ledger.degraded is None,
        )


def _rows(by_side: dict[str, Distribution]) -> list[tuple[str, tuple[int, ...], float]]:
    return [(side, of.cumulative(), of.sum_s) for side, of in sorted(by_side.items())]
