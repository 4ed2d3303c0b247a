"""Whether a local model goes round in circles, read from the conversation alone.

Only calls of ours count, which are known by their ids, and only those since the person spoke last
or somebody else made one. What is found at a place depends on nothing that comes after it: so what
the model is told of it stands in every later prompt where it stood first.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.handback.marks import TOOL
from standby.core.policy.steps import Step, brings, calls, is_said, results
from standby.core.wire.json import JSON

__all__ = ["USUAL", "Loop", "LoopRules", "Way", "looping", "told"]

_HINT: Final = (
    "<system-reminder>\nstandby: {} Doing the same again will not help: try something else, or say"
    " what blocks you.\n</system-reminder>"
)
_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class LoopRules:
    """The numbers by which circles are known."""

    same: int = 3
    """So often the same call with the same result, or the same error."""
    idle: int = 6
    """So many calls one after the other that brought nothing new."""
    looked_back: int = 36
    """So many calls are looked at; a multiple of the others."""


USUAL: Final = LoopRules()


class Way(enum.Enum):
    """How a model can go round in circles."""

    CALL = "the same call"
    ERROR = "the same error"
    NOTHING = "nothing new"


@dataclass(frozen=True, slots=True)
class Loop:
    """What was found."""

    way: Way
    tool: str
    """The tool of the last call, by its name."""
    count: int
    fresh: bool
    """It was found with the newest results; later it is found anew as often as it took at first."""

    @property
    def words(self) -> str:
        """What was found, said of the model."""
        return self._said("it made", "it got", "its")

    @property
    def hint(self) -> str:
        """What the model is told, as the text of a block behind the results."""
        said = self._said("you made", "you got", "your")
        return _HINT.format(f"{said[0].upper()}{said[1:]}.")

    def _said(self, made: str, got: str, whose: str) -> str:
        match self.way:
            case Way.CALL:
                return (
                    f"{made} the same call of {self.tool} {self.count} times with the same result"
                )
            case Way.ERROR:
                return f"{got} the same error from {self.tool} {self.count} times"
            case Way.NOTHING:
                return f"{whose} last {self.count} calls brought nothing new"


def looping(value: Mapping[str, JSON], rules: LoopRules = USUAL) -> Loop | None:
    """Return how a local model goes round in circles in the turn that a body is in the middle of.

    ``None``: it does not, or the last that the body brings are no results of its calls.
    """
    turns = _turns(value)
    read = turns[_beginning(turns, rules) :]
    if not _comes_again(read):
        return None
    walk = _Walk(rules)
    for turn in read:
        walk.take(turn)
    return walk.found()


def told(value: Mapping[str, JSON], rules: LoopRules = USUAL) -> Mapping[str, JSON]:
    """Return a body in which a model is told, behind the results in question, that it loops.

    The very same object where it never does.
    """
    turns = _turns(value)
    walk = _Walk(rules)
    hints: dict[int, str] = {}
    for at, turn in enumerate(turns):
        walk.take(turn)
        if walk.news and (loop := walk.found()) is not None and loop.fresh:
            hints[at] = loop.hint
    if not hints:
        return value
    messages: list[JSON] = [
        _with(turn, hints[at]) if at in hints else turn for at, turn in enumerate(turns)
    ]
    return {**value, "messages": messages}


@dataclass(slots=True)
class _Walk:
    """The calls of ours in a turn, in order, as far as one has read."""

    rules: LoopRules
    news: int = 0
    """How many of them came with the newest message."""
    _steps: list[Step] = field(default_factory=list[Step])
    _asked: dict[str, tuple[str, JSON]] = field(default_factory=dict[str, tuple[str, JSON]])

    def take(self, turn: JSON) -> None:
        """Read on."""
        if not isinstance(turn, dict):
            return
        role = turn.get("role")
        if role == "assistant":
            self.news = 0
            self._asks(turn.get("content"))
        elif role == "user":
            self._hears(turn.get("content"))

    def found(self) -> Loop | None:
        """Return what the newest results show."""
        if not self.news:
            return None
        return self._same_error() or self._same_call() or self._nothing_new()

    def _asks(self, content: JSON) -> None:
        made = calls(content)
        self._asked = made
        if not all(call.startswith(TOOL) for call in made):
            self._steps.clear()  # somebody else has gone on with the turn
            self._asked = {call: asked for call, asked in made.items() if call.startswith(TOOL)}

    def _hears(self, content: JSON) -> None:
        brought = results(content)
        steps = [
            Step(*asked, result, failed)
            for call, result, failed in brought
            if (asked := self._asked.get(call)) is not None
        ]
        self.news = len(steps)
        if brought:
            self._steps += steps
            del self._steps[: -self.rules.looked_back]
        elif is_said(content):
            self._steps.clear()

    def _same_error(self) -> Loop | None:
        last = self._steps[-1]
        if not last.failed:
            return None
        error = last.error
        found = [at for at, step in enumerate(self._steps) if step.fails_as(last, error)]
        return self._loop(Way.ERROR, found, self.rules.same)

    def _same_call(self) -> Loop | None:
        """Count the call back to what was new after it: the same question may then be another."""
        last = self._steps[-1]
        if last.waits or self._steps.count(last) < self.rules.same:
            return None
        found: list[int] = []
        for at in range(len(self._steps) - 1, -1, -1):
            if self._steps[at] == last:
                found.append(at)
            elif self._is_new(at):
                break
        return self._loop(Way.CALL, found, self.rules.same)

    def _nothing_new(self) -> Loop | None:
        found: list[int] = []
        for at in range(len(self._steps) - 1, -1, -1):
            if self._is_new(at) or self._steps[at].waits:
                break
            found.append(at)
        return self._loop(Way.NOTHING, found, self.rules.idle)

    def _is_new(self, at: int) -> bool:
        step = self._steps[at]
        result = step.result
        # Most bring something else, which is seen without a call for each.
        return not step.failed and not any(
            step.tells_the_same(earlier) for earlier in self._steps[:at] if earlier.result == result
        )

    def _loop(self, way: Way, found: Sequence[int], needed: int) -> Loop | None:
        count = len(found)
        if count < needed:
            return None
        before = sum(at < len(self._steps) - self.news for at in found)
        fresh = count // needed > before // needed
        return Loop(way, self._steps[-1].tool[:_NAME], count, fresh)


def _beginning(turns: Sequence[JSON], rules: LoopRules) -> int:
    """Return where to begin reading, so that enough calls come, or the whole turn."""
    enough = 0
    for at in range(len(turns) - 1, -1, -1):
        turn = turns[at]
        role = turn.get("role") if isinstance(turn, dict) else None
        if role == "assistant" and enough >= rules.looked_back:
            return at
        if role == "user" and isinstance(turn, dict):
            content = turn.get("content")
            if (brought := brings(content)) == 0 and is_said(content):
                return at
            enough += brought
    return 0


def _comes_again(turns: Sequence[JSON]) -> bool:
    """Whether what came last has come before or is an error: without it there are no circles.

    It takes a fifth of the time, and for most requests is all that is needed.
    """
    heard = [turn for turn in turns if isinstance(turn, dict) and turn.get("role") == "user"]
    came = [results(turn.get("content")) for turn in heard]
    values = [value for each in came for _, value, _ in each]
    newest = came[-1] if came else ()
    return any(
        failed or values.index(value) < at
        for at, (_, value, failed) in enumerate(newest, len(values) - len(newest))
    )


def _turns(value: Mapping[str, JSON]) -> Sequence[JSON]:
    messages = value.get("messages")
    return messages if isinstance(messages, list) else []


def _with(turn: JSON, hint: str) -> JSON:
    if not isinstance(turn, dict) or not isinstance(blocks := turn.get("content"), list):
        return turn
    return {**turn, "content": [*blocks, {"type": "text", "text": hint}]}
