"""Whether a local model goes round in circles, read from the conversation alone.

What is found at a place depends on nothing that comes after it: so what the model is told of it
stands in every later prompt where it stood first.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.policy.steps import Result, is_said, results
from standby.core.policy.trail import Trail
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
    trail = Trail(rules.looked_back)
    for content, brought in reversed(_end(_messages(value), rules.looked_back)):
        if brought is None:
            trail.asks(content)
        else:
            trail.hears(brought)
    return _found(trail, rules)


def told(value: Mapping[str, JSON], rules: LoopRules = USUAL) -> Mapping[str, JSON]:
    """Return a body in which a model is told, behind the results in question, that it loops.

    The very same object where it never does.
    """
    messages = _messages(value)
    trail = Trail(rules.looked_back)
    hints: dict[int, str] = {}
    for at, message in enumerate(messages):
        trail.take(message)
        if (loop := _found(trail, rules)) is not None and loop.fresh:
            hints[at] = loop.hint
    if not hints:
        return value
    hinted: list[JSON] = [
        _with(message, hints[at]) if at in hints else message for at, message in enumerate(messages)
    ]
    return {**value, "messages": hinted}


def _found(trail: Trail, rules: LoopRules) -> Loop | None:
    """Return what the newest results show."""
    if not trail.news:
        return None
    return (
        _loop(Way.ERROR, trail, trail.failing_alike(), rules.same)
        or (None if trail.last.waits else _loop(Way.CALL, trail, trail.asked_again(), rules.same))
        or _loop(Way.NOTHING, trail, trail.for_nothing(), rules.idle)
    )


def _loop(way: Way, trail: Trail, found: Sequence[int], needed: int) -> Loop | None:
    count = len(found)
    if count < needed:
        return None
    news_begin = trail.news_begin
    before = len([place for place in found if place < news_begin])
    return Loop(way, trail.last.tool[:_NAME], count, count // needed > before // needed)


def _end(messages: Sequence[JSON], reach: int) -> Sequence[tuple[JSON, Sequence[Result] | None]]:
    """Return the end of a turn, the newest first: what is said by an assistant, or results.

    It holds enough for so many results, or is the whole turn; nothing where what came last is no
    error and has not come before. Without that there are no circles, and it is all that most
    requests need.
    """
    read: list[tuple[JSON, Sequence[Result] | None]] = []
    newest: list[JSON] | None = None
    came, again = 0, False
    for message in reversed(messages):
        if not isinstance(message, dict):
            continue
        role = message.get("role")
        if role == "assistant":
            read.append((message.get("content"), None))
            if came >= reach:
                break
        elif role == "user":
            brought = results(message.get("content"))
            if not brought and is_said(message.get("content")):
                break
            if newest is None:
                newest = [result for _, result, _ in brought]
                again = any(
                    failed or newest.index(result) < at
                    for at, (_, result, failed) in enumerate(brought)
                )
            elif not again:
                again = any(result in newest for _, result, _ in brought)
            read.append((None, brought))
            came += len(brought)
    return read if again else ()


def _messages(value: Mapping[str, JSON]) -> Sequence[JSON]:
    messages = value.get("messages")
    return messages if isinstance(messages, list) else []


def _with(message: JSON, hint: str) -> JSON:
    if not isinstance(message, dict) or not isinstance(blocks := message.get("content"), list):
        return message
    return {**message, "content": [*blocks, {"type": "text", "text": hint}]}
