"""What many requests add up to, with times in classes so that medians can be told of sums."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Literal

from standby.core.request import Account
from standby.core.usage.entries import Entry, Tokens

__all__ = ["BOUNDS_S", "Grouping", "Line", "Standing", "Sums", "added"]

BOUNDS_S: Final = tuple(round(0.05 * 2 ** (i / 2), 4) for i in range(25))
"""The upper bounds of the classes of the time to the first token, in seconds; the last is open.

Each is 1.414 times the one before: a median read from them is off by a fifth at most.
"""

Grouping = Literal["all", "hour", "day", "session", "project", "model"]
"""By what requests are added up. A day is one of this place."""

_NO_FIRSTS: Final = (0,) * (len(BOUNDS_S) + 1)


@dataclass(frozen=True, slots=True)
class Sums:
    """What some requests add up to."""

    requests: int = 0
    ok: int = 0
    """Answered, whole."""
    saved: int = 0
    """Answered here although the cloud had refused or failed."""
    switches: int = 0
    """Answered by another side than the request before, of the same account and model."""
    tokens: Tokens = field(default_factory=Tokens)
    duration_s: float = 0.0
    stream_s: float = 0.0
    """From the first token to the last."""
    stream_tokens: int = 0
    """The tokens that came in that time."""
    firsts: tuple[int, ...] = _NO_FIRSTS
    """How many first tokens came within each of :data:`BOUNDS_S`."""

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.requests + other.requests,
            self.ok + other.ok,
            self.saved + other.saved,
            self.switches + other.switches,
            self.tokens + other.tokens,
            self.duration_s + other.duration_s,
            self.stream_s + other.stream_s,
            self.stream_tokens + other.stream_tokens,
            tuple(a + b for a, b in zip(self.firsts, other.firsts, strict=True)),
        )

    @classmethod
    def of(cls, entry: Entry) -> "Sums":
        """Return what one request adds, as the ledger adds it up; switches it cannot tell."""
        first = entry.first_token_s
        streams = first is not None and entry.duration_s > first and entry.tokens.output > 0
        firsts = [0] * len(_NO_FIRSTS)
        if first is not None:
            firsts[bisect_right(BOUNDS_S, first)] = 1
        return cls(
            requests=1,
            ok=int(entry.outcome == "ok"),
            saved=int(entry.saved),
            tokens=entry.tokens,
            duration_s=entry.duration_s,
            stream_s=entry.duration_s - first if first is not None and streams else 0.0,
            stream_tokens=entry.tokens.output if streams else 0,
            firsts=tuple(firsts),
        )

    @property
    def tokens_per_s(self) -> float | None:
        """How many tokens came in a second, from the first one on; ``None`` where nothing came."""
        return self.stream_tokens / self.stream_s if self.stream_s > 0 else None

    def first_token_s(self, share: float) -> float | None:
        """Return within how many seconds this share of the first tokens came, to a fifth.

        ``None``: there were none, or it was longer than the last class tells.
        """
        reached = [*accumulate(self.firsts)]
        wanted = share * reached[-1]
        if not reached[-1]:
            return None
        i = next(i for i, count in enumerate(reached) if count >= wanted and self.firsts[i])
        if i == len(BOUNDS_S):
            return None
        within = (wanted - (reached[i] - self.firsts[i])) / self.firsts[i]
        if i == 0:
            return BOUNDS_S[0] * within
        return BOUNDS_S[i - 1] * math.pow(BOUNDS_S[i] / BOUNDS_S[i - 1], max(0.0, within))


def added(sums: Iterable[Sums]) -> Sums:
    """Return what sums add up to."""
    return sum(sums, Sums())


@dataclass(frozen=True, slots=True)
class Line:
    """Requests of one group that one side answered with one model."""

    key: str
    """The session, project or model, the hour in seconds since the epoch, the day as
    ``2026-11-28``; empty for all."""
    by: str
    """As in an entry: ``cloud``, ``local``, ``both``, ``gateway`` or ``nobody``."""
    requested: str
    """The model that the requests named: its price tells what they would have cost."""
    sums: Sums
    last_at: float = 0.0
    """The beginning of the hour in which the last of them came."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers for an account and a model, since when and why."""

    account: Account
    requested: str
    side: str
    """``cloud`` or ``local``."""
    since: float
    why: str
