"""Where a conversation stands: who answered it last, since when, and how warm its cache is."""

from dataclasses import dataclass, replace
from typing import Final

from standby.core.wire.purpose import Purpose

__all__ = [
    "CACHE_S",
    "CLOUD",
    "CONVERSATION",
    "NEW",
    "Thread",
    "continued",
    "return_price",
    "worth_an_early_try",
]

CLOUD: Final = "cloud"
"""The cloud's name among the candidates; a local model goes by its key."""
CONVERSATION: Final = frozenset({Purpose.WORK, Purpose.SUBAGENT, Purpose.COMPACTION})
"""What goes on with a conversation; all else stands by itself."""
CACHE_S: Final = 300.0
"""How long the cloud keeps a prompt without being asked for more (its documentation)."""
# In tokens of fresh input, by the same documentation: what is kept is read for a tenth, and what is
# not is written for a quarter more.
_READ: Final = 0.1
_WRITE: Final = 1.25
# An early try is a guess. It may cost as much as a first request of Claude Code, and no more; after
# an hour here a person has waited long enough for any price.
_WORTH_TOKENS: Final = 25_000
_LONG_S: Final = 3600.0
# A window of the cloud's quota.
_LATE_S: Final = 5 * 3600.0
_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class Thread:
    """What is remembered of one conversation. All times are seconds since the epoch."""

    by: str = ""
    """Who answered last, by name; empty: nobody yet."""
    since: float = 0.0
    """When this side began to answer."""
    cloud_at: float | None = None
    """When the cloud answered last."""
    tokens: int = 0
    """What the last prompt came to."""
    changed_at: tuple[float, ...] = ()
    """When it last changed sides, the oldest first; a few of these moments are kept."""
    little: float = 0.0
    """How probable it is that its last turn was of little value; 0: nobody can tell."""

    @property
    def is_local(self) -> bool:
        """Whether a local model answered last."""
        return self.by not in {"", CLOUD}

    def switches(self, now: float) -> int:
        """Return how often it has changed sides of late."""
        return sum(now - at < _LATE_S for at in self.changed_at)

    def warm(self, now: float) -> bool:
        """Whether the cloud still keeps its prompt."""
        return self.cloud_at is not None and now - self.cloud_at < CACHE_S


NEW: Final = Thread()


def continued(
    thread: Thread, by: str, now: float, tokens: int, little: float | None = None
) -> Thread:
    """Return the conversation after an answer. ``little`` is of its turn; ``None``: it was none."""
    was, is_now = thread.by, by
    changed = (was == CLOUD) != (is_now == CLOUD)
    return replace(
        thread,
        by=by,
        since=now if changed or not was else thread.since,
        cloud_at=now if by == CLOUD else thread.cloud_at,
        tokens=tokens or thread.tokens,
        changed_at=(*thread.changed_at, now)[-_KEPT:] if was and changed else thread.changed_at,
        little=thread.little if little is None else little,
    )


def return_price(thread: Thread, now: float) -> float:
    """Return what going back to the cloud costs, in tokens of fresh input."""
    return thread.tokens * (_READ if thread.warm(now) else _WRITE)


def worth_an_early_try(thread: Thread, now: float) -> bool:
    """Whether a conversation may ask the cloud before its limit has ended.

    A long one that the cloud has forgotten would spend what has just come back on being read once.
    """
    cheap = return_price(thread, now) <= _WORTH_TOKENS
    return not thread.is_local or cheap or now - thread.since >= _LONG_S
