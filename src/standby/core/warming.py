"""Whether the local side is kept warm now, for which conversations, and how much is read at a time.

Here are the decisions only. Who reads, and when it stops, is the business of
:mod:`standby.app.warming.warm`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from standby.core.models.facts import LocalModel
from standby.core.quota.windows import Window

__all__ = [
    "LONGEST_S",
    "PORTION_S",
    "Load",
    "Pace",
    "Terms",
    "Verdict",
    "Warmth",
    "capacity",
    "common",
    "first",
    "foretold",
    "judged",
    "leisure_s",
    "tell",
    "together",
]

PORTION_S: Final = 0.05
"""How much longer than the smallest portion one may take: so long may somebody real have to wait.

llama.cpp notices that nobody wants its answer any more only between two batches, and one of 2048
tokens takes seconds without a GPU (measured: 8 to 24 s on two cores). So a portion is never broken
off, but is short; what it has read stays in the slot, and the next one goes on behind it."""
LONGEST_S: Final = 1.0
"""So long it may take when nobody has asked for anything for minutes: long ones are faster."""
_LEISURE: Final = 0.01
_SLOWER: Final = 3.0
"""So much longer than in one go it takes in portions, with somebody there."""
_READS_S: Final = 600.0
"""How long reading a prompt may take on a machine that nobody has measured yet."""
_MARGIN_S: Final = 300.0
"""For the start of an engine, and for a forecast that is off."""
_FEWEST: Final = 2
_MOST: Final = 2048  # a batch of llama.cpp's
_GROWS: Final = 2.0
_NEWEST: Final = 0.5
_TRIED: Final = 16
"""After so many portions the smallest is tried again. One that a busy moment has made slow would
else have all that follow last as long, and so never be seen to be quicker again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the user has set."""

    mode: str = "auto"
    """``auto``: when the cloud may soon not serve; ``always``; ``off``: only when asked to."""
    at: float = 0.8
    """The share of a window from which on its end is near."""
    on_battery: bool = False
    busy: float = 0.75
    """Of the processors, how much others may be using; 1: as much as they like."""
    hot_c: float = 85.0
    """How warm the processor may be, in degrees Celsius; 0: as warm as it likes."""


@dataclass(frozen=True, slots=True)
class Load:
    """What else the machine has to do."""

    on_battery: bool = False
    busy: float = 0.0
    """The share of all processors that is used by programs which are not ours."""
    celsius: float | None = None
    """How warm the processor is; ``None``: nobody can say."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to warm, and why or why not, in words."""

    warm: bool
    why: str


@dataclass(frozen=True, slots=True)
class Warmth:
    """How far a conversation's prompt has been read by the engine that would take over."""

    session: str
    read: int
    """Tokens of the prompt that the engine has."""
    tokens: int
    """Tokens of the prompt; 0: nobody has counted yet."""
    at_work: bool = False
    """It is being read just now."""

    @property
    def part(self) -> float:
        """The share that is read."""
        return min(self.read / self.tokens, 1.0) if self.tokens else 0.0

    @property
    def state(self) -> str:
        """``warm``, ``warming`` or ``cold``."""
        if self.tokens and self.read >= self.tokens:
            return "warm"
        return "warming" if self.at_work else "cold"


def leisure_s(idle_s: float) -> float:
    """Return how much longer than the smallest a portion may take, by how long nobody has asked.

    A hundredth of that time: who comes then meets a long portion once in a hundred times.
    """
    return min(max(PORTION_S, idle_s * _LEISURE), LONGEST_S)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many tokens fit into a portion, by how long the last ones took.

    A portion may take so much longer than the smallest one does, or twice as long: where already
    the smallest takes long, because the machine is busy or slow, more of them help nobody.
    """

    least_s: float | None = None
    """How long the smallest takes; ``None``: not known yet."""
    token_s: float = 0.0
    """How much longer it takes for each token more."""
    last: int = 0
    """How many tokens the last one had: the next has at most twice as many."""
    since: int = 0
    """How many there were since the smallest was tried."""

    def fits(self, leisure_s: float) -> int:
        """Return how many tokens a portion has that may take so much longer than the smallest."""
        if self.least_s is None or self.since >= _TRIED:
            return _FEWEST
        most = min(self.last * _GROWS, _MOST)
        fit = max(leisure_s, self.least_s) / self.token_s if self.token_s > 0 else most
        return int(max(_FEWEST, min(fit, most)))

    def reads_s(self, tokens: int) -> float | None:
        """Return how long so many take, in portions as they have been; ``None``: nobody knows."""
        if self.least_s is None or self.token_s <= 0:
            return None
        return self.least_s + self.token_s * tokens

    def after(self, asked: int, read: int, took_s: float) -> "Pace":
        """Return the pace once a portion of so many tokens took so long; so many were new."""
        if read < asked:  # the engine knew some of them already
            return self
        if self.least_s is None:
            return Pace(took_s, last=asked)
        least_s = self.least_s
        if asked == _FEWEST and self.since >= _TRIED:
            slower_s = max(took_s - least_s, 0.0)
            return replace(self, least_s=took_s - (1 - _NEWEST) * slower_s, since=0)
        if asked == _FEWEST or took_s < least_s:
            least_s += _NEWEST * (took_s - least_s)
        cost_s = max(took_s - least_s, 0.0) / asked
        known = self.last > _FEWEST
        token_s = self.token_s + _NEWEST * (cost_s - self.token_s) if known else cost_s
        return Pace(least_s, token_s, asked, self.since + 1)


def judged(terms: Terms, load: Load, cloud: str, *, asked: bool) -> Verdict:
    """Return whether to warm.

    ``cloud`` says why the cloud may soon not serve, in words; empty: it serves. ``asked``: a person
    has asked for it, and knows about battery and load.
    """
    if asked:
        return Verdict(warm=True, why="you asked for it")
    if terms.mode == "off":
        return Verdict(warm=False, why="[local] warm is off")
    if terms.mode == "auto" and not cloud:
        return Verdict(warm=False, why="the cloud serves, and will for a while")
    if load.on_battery and not terms.on_battery:
        return Verdict(warm=False, why="the machine runs on its battery")
    if load.busy > terms.busy:
        return Verdict(warm=False, why=f"other programs use {load.busy:.0%} of the processors")
    if load.celsius is not None and 0 < terms.hot_c <= load.celsius:
        return Verdict(warm=False, why=f"the processor is at {load.celsius:.0f} °C")
    return Verdict(warm=True, why=cloud or "[local] warm is always")


def tell(windows: Iterable[Window], at: float, now: float) -> str:
    """Return which of the windows is near its end, in words; empty: none is.

    ``at`` is the share used from which on that is so; the cloud's own warnings count as well.
    """
    for window in windows:
        if window.resets_at is not None and window.resets_at <= now:
            continue
        if window.status == "rejected":
            return f"{window.name} is used up"
        if window.utilisation is not None and window.utilisation >= at:
            return f"{window.utilisation:.0%} of {window.name} is used"
        if window.status == "allowed_warning" or (window.surpassed or 0.0) >= at > 0:
            return f"the cloud warns that {window.name} is nearly used up"
    return ""


def foretold(ends: Mapping[str, float], reading_s: float | None, now: float) -> str:
    """Return which window may end before what was said could be read, in words; empty: none.

    ``ends`` says when each may be used up, in seconds since the epoch; ``reading_s`` how long one
    prompt takes, read in one go; ``None``: nobody knows.
    """
    reads_s = _READS_S if reading_s is None else reading_s * _SLOWER
    name, end = min(ends.items(), key=lambda found: found[1], default=("", math.inf))
    if end - now > reads_s + _MARGIN_S:
        return ""
    return f"{name} may be used up within {max(math.ceil((end - now) / 60), 1)} min"


def capacity(model: LocalModel) -> int:
    """Return how many conversations are kept warm: one slot stays for what goes beside them."""
    return max((model.slots or 1) - 1, 1)


def together(sizes: Iterable[int], model: LocalModel) -> int:
    """Return how many of the prompts, by their tokens, are kept warm beside one another.

    The slots of an engine of ours share its window. The first is always one of them.
    """
    if not (model.pins and model.context_tokens):
        return len([*sizes])
    sums = [*accumulate(sizes)]
    return max(sum(size <= model.context_tokens for size in sums), min(len(sums), 1))


def first(lives: Iterable[tuple[str, float]]) -> list[str]:
    """Return live conversations, with when they were last heard of, in the order to warm them.

    Those of persons go before those of their subagents, and the newest first. The prompt of each
    begins with what all of them share, the tools and the system prompt: so that is read first.
    """
    ordered = sorted(lives, key=lambda live: ("/" in live[0], -live[1], live[0]))
    return [session for session, _ in ordered]


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two prompts have in common at their beginning."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
