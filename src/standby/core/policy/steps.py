"""The steps of a turn: what was called, with what, and what came of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from standby.core.wire.json import JSON
from standby.core.wire.purpose import texts

__all__ = ["Step", "calls", "is_said", "results"]

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
# What differs each time that the same goes wrong: durations, addresses, times of day.
_VARIES: Final = re.compile(r"\d+\.\d+|0x[0-9a-fA-F]+|\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Step:
    """A call and its result."""

    tool: str
    given: JSON
    result: JSON
    failed: bool
    error: str = ""
    """What went wrong, less what differs each time."""

    @classmethod
    def of(cls, tool: str, given: JSON, result: JSON, *, failed: bool) -> Self:
        """Return the step of a call and its result."""
        if not failed:
            return cls(tool, given, result, failed)
        return cls(tool, given, result, failed, _varied(_text(result)))

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
        if not (self.failed and other.failed) or self.tool != other.tool:
            return False
        if self.error != other.error:
            return False
        return len(self.error) >= _SAYS_ENOUGH or self.given == other.given

    def tells_the_same(self, other: "Step") -> bool:
        """Whether one of them brings nothing that the other has not brought."""
        if self.tool != other.tool or self.result != other.result:
            return False
        looks = self.tool in _LOOKS and len(self.text) >= _SAYS_ENOUGH
        return looks or self.given == other.given


# Written plainly: patterns took several times as long, and this is on the way of each request.
def calls(content: JSON) -> Iterator[tuple[str, str, JSON]]:
    """Yield the calls in a turn of the assistant: id, tool and input."""
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") == "tool_use":
            call, tool = block.get("id"), block.get("name")
            if isinstance(call, str) and isinstance(tool, str):
                yield call, tool, block.get("input")


def results(content: JSON) -> Iterator[tuple[str, JSON, bool]]:
    """Yield the results in a turn of the user: id of the call, what came, and if it failed."""
    for block in content if isinstance(content, list) else []:
        if not isinstance(block, dict) or block.get("type") != "tool_result":
            continue
        if isinstance(call := block.get("tool_use_id"), str):
            yield call, _plain(block.get("content")), block.get("is_error") is True


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
