"""From an answer of the cloud to what it means, by the readers in the order of their ranks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from standby.core.quota.reply import Reply
from standby.core.quota.signals import Served, Signal

__all__ = ["Reader", "classify"]

_SERVED: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Reader:
    """One file of :mod:`standby.core.quota.readers`: its name, its ``RANK`` and its ``read``."""

    name: str
    rank: int
    """Where it stands in the order of classification; no two are equal."""
    read: Callable[[Reply, float], Signal | None]


def classify(reply: Reply, now: float, readers: Iterable[Reader]) -> Signal | None:
    """Return what a reply means; the reader of the lowest rank that knows decides.

    ``None``: it says nothing about quota, and the answer is the client's own business. So it is for
    a refused credential (401, 403) and for every mistake in the request (404, 413, most 400).
    """
    for reader in sorted(readers, key=lambda reader: reader.rank):
        signal = reader.read(reply, now)
        if signal is not None:
            return signal
    return Served() if reply.broke is None and reply.meant in _SERVED else None
