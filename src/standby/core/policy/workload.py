"""What kind of work a turn is, guessed from features that can be named. A guess, with its score.

Only what a person said last is read, and whether what was tried before it failed. The words are
those of programmers asking for work; no text is kept. Where no feature speaks, a turn counts as one
of high value: to be wrong that way costs quota, the other way it costs the work.
"""

import enum
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from standby.core.policy.hearing import FEW_WORDS, OF_FORM, heard
from standby.core.policy.weights import WEIGHTS
from standby.core.wire.json import JSON
from standby.core.wire.purpose import texts

__all__ = ["IN_MANY_WORDS", "KINDS", "SURE", "UNKNOWN", "Guess", "Workload", "guessed"]

SURE: Final = 0.85
"""From this probability on a turn is treated as one of little value."""
_PERHAPS: Final = 0.4
"""So probable must it be for a conversation that is here already."""
# What is asked for stands at the beginning of what is said, or at its end.
_BEGINNING_LETTERS: Final = 400
_END_OF_SAID_LETTERS: Final = 200
_LOOKED_BACK: Final = 6
# Words are looked for in so many messages: a turn of hundreds of calls has none nearby, and is not
# gone through to its beginning at each of them.
_REACH: Final = 400
# "Yes", "the next one", "go on": who says little goes on with what was said before.
_EARLIER_TURNS: Final = 3
_FADES: Final = 0.7


IN_MANY_WORDS: Final = "of unknown kind, in many words"
"""What is said of a turn of which many words tell nothing."""


class Workload(enum.Enum):
    """What a turn is for."""

    PLAN = "plan"
    """A new plan or a design, or a judgement of one."""
    DEBUG = "debugging"
    """The cause of something that goes wrong."""
    MULTI_FILE = "multi-file change"
    """A feature or a change across several places."""
    MECHANICAL = "mechanical edit"
    """A small change that is said exactly."""
    BOILERPLATE = "boilerplate"
    """What is written the same way everywhere: skeletons, fixtures, comments."""
    SUMMARY = "summary"
    """What was done or said, in fewer words."""
    QUESTION = "question"
    """Where or what something is."""

    @property
    def of_high_value(self) -> bool:
        """Whether the cloud is kept for it."""
        return self in _HIGH


_HIGH: Final = frozenset({Workload.PLAN, Workload.DEBUG, Workload.MULTI_FILE})


@dataclass(frozen=True, slots=True)
class Guess:
    """What a turn probably is."""

    kind: Workload | None
    """``None``: no feature spoke."""
    score: float
    """How probable this kind is, from 0 to 1."""
    features: tuple[str, ...] = ()
    """The features that spoke, by name."""
    little: float = 0.0
    """How probable it is that the turn is of little value: all such kinds together."""
    brief: bool = True
    """A few words were said, or none: where they say nothing, that is no sign of anything new."""

    @property
    def of_high_value(self) -> bool:
        """Whether it is to be treated as such: also when the guess is not sure."""
        return self.kind is None or self.little < SURE

    @property
    def is_known_high(self) -> bool:
        """Whether it is rather of high value than not, as far as a feature spoke."""
        return self.kind is not None and self.kind.of_high_value

    @property
    def may_be_of_little_value(self) -> bool:
        """Whether it is rather of little value than not, or a few words say nothing.

        Many words of which none is known are of somebody whose style the guess has not seen.
        """
        return self.brief if self.kind is None else self.little >= _PERHAPS

    @property
    def words(self) -> str:
        """The guess in words."""
        if self.kind is None:
            return "of unknown kind" if self.brief else IN_MANY_WORDS
        return f"{self.kind.value} ({self.score:.0%} sure)"


UNKNOWN: Final = Guess(None, 0.0)
KINDS: Final = tuple(Workload)
"""In the order of the weights."""
_SILENT: Final = (0.0,) * len(KINDS)
# The client's own remarks, some of them as long as a file.
_REMARK, _REMARK_ENDS = "<system-reminder>", "</system-reminder>"
# Plain words: a pattern took ten times as long over the end of each result.
_FAILED: Final = ("Traceback", "FAILED", "Error", "error:", "Exception", "panicked", "exit code 1")
_END_LETTERS: Final = 600


def guessed(value: Mapping[str, JSON]) -> Guess:
    """Return what the turn of a request body probably is."""
    messages = value.get("messages")
    turns = messages if isinstance(messages, list) else []
    totals, guess = _SILENT, UNKNOWN
    spoke: list[str] = []
    turns = turns[-_REACH:]
    place, weight, brief = len(turns), 1.0, True
    for _ in range(_EARLIER_TURNS + 1):
        place, said = _said_last(turns, place)
        if not said:
            break
        loud = heard(said, failed=weight == 1.0 and _failed_before(turns, place))
        totals = _added(totals, loud, weight)
        # The form of what is said speaks only beside words.
        spoke += [name if weight == 1.0 else f"{name} before" for name in loud if name in _SPEAKS]
        guess = _guess(totals, spoke)
        if weight < 1.0:
            guess = replace(guess, little=min(guess.little, SURE - 0.01))
        brief = brief and FEW_WORDS in loud
        # What was said before counts where little is said now, and nothing speaks.
        if guess.kind is not None or not brief:
            break
        weight *= _FADES
    return guess if brief else replace(guess, brief=False)


_SPEAKS: Final = frozenset(WEIGHTS) - frozenset(OF_FORM)


def _added(totals: Sequence[float], loud: Mapping[str, float], weight: float) -> tuple[float, ...]:
    sums = [*totals]
    for name, loudness in loud.items():
        for i, worth in enumerate(WEIGHTS.get(name, _SILENT)):
            sums[i] += worth * loudness * weight
    return tuple(sums)


def _guess(totals: Sequence[float], spoke: Sequence[str]) -> Guess:
    if not spoke:
        return UNKNOWN
    greatest = max(totals)
    powers = [math.exp(total - greatest) for total in totals]
    whole = sum(powers)
    shares = [power / whole for power in powers]
    best = shares.index(max(shares))
    little = sum(share for kind, share in zip(KINDS, shares, strict=True) if kind not in _HIGH)
    return Guess(KINDS[best], shares[best], tuple(spoke), little)


def _said_last(turns: Sequence[JSON], before: int) -> tuple[int, str]:
    """Return the words of the last turn before a place that a person began, and its place."""
    for place in range(before - 1, -1, -1):
        turn = turns[place]
        # Written plainly: between two such turns lie many results.
        if not isinstance(turn, dict) or turn.get("role") != "user":
            continue
        content = turn.get("content")
        if isinstance(content, list) and content:
            first = content[0]
            if isinstance(first, dict) and first.get("type") == "tool_result":
                continue
        said_in = [_unremarked(text) for text in _spoken(content)]
        if said := "\n".join(text for text in said_in if text):
            return place, _both_ends(said)
    return 0, ""


def _unremarked(text: str) -> str:
    """Return a text without what the client adds for the model; one that does not end is all."""
    kept: list[str] = []
    while _REMARK in text:
        before, _, after = text.partition(_REMARK)
        kept.append(before)
        _, _, text = after.partition(_REMARK_ENDS)
    return "".join((*kept, text)).strip() if kept else text.strip()


def _both_ends(said: str) -> str:
    if len(said) <= _BEGINNING_LETTERS + _END_OF_SAID_LETTERS:
        return said
    return f"{said[:_BEGINNING_LETTERS]}\n{said[-_END_OF_SAID_LETTERS:]}"


def _spoken(content: JSON) -> Iterator[str]:
    """Yield what a turn says, unless it brings results."""
    if any(map(_is_result, content if isinstance(content, list) else ())):
        return
    yield from texts(content)


def _is_result(block: JSON) -> bool:
    return isinstance(block, dict) and block.get("type") == "tool_result"


def _failed_before(turns: Sequence[JSON], place: int) -> bool:
    """Whether one of the last results of a call before a place was an error."""
    for turn in turns[max(0, place - _LOOKED_BACK) : place]:
        if isinstance(turn, dict) and turn.get("role") == "user":
            content = turn.get("content")
            if any(map(_failed, content if isinstance(content, list) else ())):
                return True
    return False


def _failed(block: JSON) -> bool:
    # Written plainly: patterns took several times as long.
    if not isinstance(block, dict) or block.get("type") != "tool_result":
        return False
    return block.get("is_error") is True or _complains(_first_text(block.get("content")))


def _first_text(content: JSON) -> str:
    first = content[0] if isinstance(content, list) and content else content
    if isinstance(first, dict) and first.get("type") == "text":
        first = first.get("text")
    return first if isinstance(first, str) else ""


def _complains(text: str) -> bool:
    end = text[-_END_LETTERS:]
    return any(word in end for word in _FAILED)
