"""What other settings are tried beside the computed ones, when a trial ends early, what wins.

How they are run is in :mod:`standby.app.comparing`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from standby.core.models.fit import Kv
from standby.core.models.measured import Figures
from standby.core.models.speed import Progress, Speed
from standby.core.models.tuning import Drafts, Tuning

__all__ = [
    "TOGETHER",
    "Size",
    "Trial",
    "Tried",
    "affordable",
    "better",
    "hopeless",
    "steady",
    "together",
    "trials",
]

TOGETHER: Final = "all that was better"
"""The name of the trial that has the changes of several."""

# Less is the noise of a machine that does other things, too.
_WORTH: Final = 0.05
_LEAST_BATCH: Final = 128
# From here on what a trial has read tells how it goes on; less is the noise of its start.
_TELLING_PART: Final = 1 / 8
_TELLING_TOKENS: Final = 512
_TELLING_S: Final = 1.0
_NOISE: Final = 0.1
# Loads, looks and stops; and an answer is written slower behind a long prompt than a short one.
_BESIDE_S: Final = 2.0
_SLOWER: Final = 2.0
_LEAST_TOKENS: Final = 512
_LEAST_WRITTEN: Final = 16
_WRITING: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class Size:
    """How much is read and written in one measurement."""

    tokens: int
    """Of the prompt."""
    written: int


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings to try beside those that were computed."""

    name: str
    tuning: Tuning


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial."""

    trial: Trial
    figures: Figures | None
    """``None``: it did not come to its end."""
    ended: str = ""
    """Why it did not, in words."""


def trials(chosen: Tuning, cores: int, drafters: Sequence[str] = ()) -> Iterator[Trial]:
    """Yield what to try: one thing at a time, so that a difference has one cause.

    What is likeliest to bring something comes first: time may end. ``drafters``: small models that
    may guess for this one.
    """
    for drafter in drafters:
        if drafter != chosen.drafter:
            model = replace(chosen, drafts=Drafts.NONE, drafter=drafter)
            yield _trial(f"drafts by {drafter}", model)
    for drafts in Drafts:
        if drafts not in {Drafts.NONE, chosen.drafts}:
            words = replace(chosen, drafts=drafts, drafter="")
            yield _trial(f"drafts by {drafts.value}", words)
    for threads in dict.fromkeys((max(cores // 2, 1), cores, 2 * cores)):
        if threads != chosen.threads:
            yield _trial(f"{threads} threads", replace(chosen, threads=threads))
    for size in (chosen.micro_batch // 2, chosen.micro_batch * 2):
        if _LEAST_BATCH <= size <= chosen.batch:
            yield _trial(f"batches of {size}", replace(chosen, micro_batch=size))
    if chosen.flash_attention is not False:
        yield _trial("no flash attention", replace(chosen, flash_attention=False, kv=Kv.F16))
    if chosen.kv is Kv.F16:
        yield _trial("KV cache of 8 bits", replace(chosen, kv=Kv.Q8_0, flash_attention=True))
    else:
        yield _trial("KV cache of 16 bits", replace(chosen, kv=Kv.F16))


def _trial(name: str, tuning: Tuning) -> Trial:
    return Trial(name, replace(tuning, measured=name))


def hopeless(chosen: Figures, curve: Sequence[Progress], now: Progress) -> float:
    """Return how many times slower a trial reads that cannot win any more; 0: it still may.

    ``curve`` is how the chosen settings came through the same prompt. A trial cannot win whose
    prompt alone will take longer than a whole turn with the chosen settings.
    """
    read = now.processed - now.cached
    if now.processed < now.total * _TELLING_PART or read < _TELLING_TOKENS:
        return 0.0
    usual_s = _usual_s(curve, now.processed)
    if usual_s <= 0 or now.seconds - usual_s < _TELLING_S:
        return 0.0
    slower = now.seconds / usual_s
    expected_s = slower * chosen.first_token_s
    return slower if expected_s > chosen.turn_s * (1 + _NOISE) else 0.0


def _usual_s(curve: Sequence[Progress], processed: int) -> float:
    """Return when the chosen settings had come so far; 0: nobody knows."""
    for before, after in pairwise(curve):
        if before.processed < processed <= after.processed:
            part = (processed - before.processed) / (after.processed - before.processed)
            return before.seconds + part * (after.seconds - before.seconds)
    return 0.0


def affordable(speed: Speed, rate: float, wanted: Size, load_s: float, seconds: float) -> Size:
    """Return how much one measurement may read and write, at most what is wanted.

    ``rate`` is how many tokens are written in a second; 0: nobody knows. A third of the time goes
    to writing at most. Where nobody knows the speed of reading, the prompt stays as it is.
    """
    left_s = seconds - load_s - _BESIDE_S
    fit = int(left_s * _WRITING * rate / _SLOWER) if rate else wanted.written
    written = max(min(wanted.written, fit), min(_LEAST_WRITTEN, wanted.written))
    left_s -= _SLOWER * written / rate if rate else 0.0
    least, most = min(_LEAST_TOKENS, wanted.tokens), wanted.tokens
    while least < most:
        middle = (least + most + 1) // 2
        expected_s = speed.expected_s(0, middle)
        if expected_s is None or expected_s <= left_s:
            least = middle
        else:
            most = middle - 1
    return Size(least, written)


def better(chosen: Figures, tried: Sequence[Tried]) -> list[Tried]:
    """Return what was better by more than noise, the best first."""
    limit_s = chosen.turn_s * (1 - _WORTH)
    good = [one for one in tried if one.figures is not None and one.figures.turn_s <= limit_s]
    return sorted(good, key=lambda one: one.figures.turn_s if one.figures else 0.0)


def together(chosen: Tuning, winners: Sequence[Trial]) -> Trial | None:
    """Return a trial with the changes of all that were better; ``None``: there is but one.

    Where two have changed the same, the better one counts; they come best first.
    """
    whole = chosen
    for one in reversed(winners):
        whole = _merged(chosen, whole, one.tuning)
    whole = replace(whole, measured=TOGETHER)
    if any(replace(one.tuning, measured=TOGETHER) == whole for one in winners):
        return None
    return Trial(TOGETHER, whole) if winners else None


def _merged(chosen: Tuning, whole: Tuning, one: Tuning) -> Tuning:
    """Return the whole with what one has changed."""
    if one.threads != chosen.threads:
        whole = replace(whole, threads=one.threads)
    if (one.flash_attention, one.kv) != (chosen.flash_attention, chosen.kv):  # they hang together
        whole = replace(whole, flash_attention=one.flash_attention, kv=one.kv)
    if one.micro_batch != chosen.micro_batch:
        whole = replace(whole, micro_batch=one.micro_batch)
    if one.guessing != chosen.guessing:
        whole = replace(whole, drafts=one.drafts, drafter=one.drafter)
    return whole


def steady(chosen: Sequence[Figures], found: Sequence[Figures]) -> tuple[float, float] | None:
    """Return what a turn took before and after, by the best of each; ``None``: it is not better.

    Both were measured more than once, in turn: what else the machine did shows in the worse ones.
    """
    before_s = min(one.turn_s for one in chosen)
    after_s = min(one.turn_s for one in found)
    return (before_s, after_s) if after_s <= before_s * (1 - _WORTH) else None
