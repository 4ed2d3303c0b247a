"""The steps of a turn: what was called, with what, and what came of it."""

import re
from typing import Final, NamedTuple

from standby.core.wire.json import JSON
from standby.core.wire.purpose import texts

__all__ = ["Step", "brings", "calls", "is_said", "results"]

_REMINDER: Final = "<system-reminder>"
# Tools that only look. With one of them another question that is answered the same is not news.
_LOOKS: Final = frozenset({"Read", "NotebookRead", "Grep", "Glob", "LS"})
# Tools that wait: to ask again is what they are for.
_WAITS: Final = frozenset(
    {"BashOutput", "TaskOutput", "AgentOutputTool", "ListAgents", "Monitor", "ScheduleWakeup"}
)
# A shorter answer ("no matches", "Exit code 1") is no sign that two questions were the same.
_SAYS_ENOUGH: Final = 60
_END: Final = 300
# What differs each time that the same goes wrong: durations, addresses, times of day. Each begins
# with a digit, and is written so: what begins otherwise is passed over many times as fast.
_VARIES: Final = re.compile(
    r"[0-9](?:[0-9]*\.[0-9]+|(?<=0)x[0-9a-fA-F]+|[0-9]:[0-9][0-9]:[0-9][0-9])"
)


# A tuple: dozens are made, and compared, for each request of a turn.
class Step(NamedTuple):
    """A call and its result."""

    tool: str
    given: JSON
    result: JSON
    failed: bool

    @property
    def error(self) -> str:
        """What went wrong, less what differs each time; empty where nothing did."""
        return _varied(_text(self.result)) if self.failed else ""

    @property
    def waits(self) -> bool:
        """Whether to ask the same again is what the tool is for."""
        return self.tool in _WAITS

    @property
    def text(self) -> str:
        """The words of the result."""
        return _text(self.result)

    def same_error(self, other: "Step") -> bool:
        """Whether both failed in the same way. Few words mean the same for the same call only."""
        return other.failed and self.fails_as(other, other.error)

    def fails_as(self, other: "Step", error: str) -> bool:
        """Whether it failed as another did, whose error is given: it is worked out but once."""
        if not self.failed or self.tool != other.tool:
            return False
        if len(error) < _SAYS_ENOUGH and self.given != other.given:
            return False
        return self.result == other.result or self.error == error

    def tells_the_same(self, other: "Step") -> bool:
        """Whether one of them brings nothing that the other has not brought."""
        if self.result != other.result or self.tool != other.tool:
            return False
        looks = self.tool in _LOOKS and len(self.text) >= _SAYS_ENOUGH
        return looks or self.given == other.given


# Written plainly, as lists: patterns and generators took several times as long, and this is on the
# way of each request.
def calls(content: JSON) -> dict[str, tuple[str, JSON]]:
    """Return the calls in a turn of the assistant, by id: tool and input."""
    found: dict[str, tuple[str, JSON]] = {}
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_use":
            call, tool = block.get("id"), block.get("name")
            if isinstance(call, str) and isinstance(tool, str):
                found[call] = (tool, block.get("input"))
    return found


def results(content: JSON) -> list[tuple[str, JSON, bool]]:
    """Return the results in a turn of the user: id of the call, what came, and if it failed."""
    found: list[tuple[str, JSON, bool]] = []
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_result":
            call, came = block.get("tool_use_id"), block.get("content")
            if isinstance(call, str):
                found.append((call, _plain(came), block.get("is_error") is True))
    return found


def brings(content: JSON) -> int:
    """Return how many results a turn of the user brings."""
    count = 0
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_result":
            count += isinstance(block.get("tool_use_id"), str)
    return count


def is_said(content: JSON) -> bool:
    """Whether a person speaks, and not only their client."""
    return any(text.strip() and not text.startswith(_REMINDER) for text in texts(content))


def _plain(result: JSON) -> JSON:
    if isinstance(result, list) and len(result) == 1:
        return next(texts(result), result)
    return result


def _text(result: JSON) -> str:
    return result if isinstance(result, str) else "\n".join(texts(result))


def _varied(text: str) -> str:
    ends = text if len(text) <= 2 * _END else text[:_END] + text[-_END:]
    return _VARIES.sub("#", ends)
