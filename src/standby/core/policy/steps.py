"""The steps of a turn: what was called, with what, and what came of it."""

import re
from typing import Final, NamedTuple

from standby.core.wire.json import JSON
from standby.core.wire.purpose import texts

__all__ = ["SAYS_ENOUGH", "Result", "Step", "calls", "is_said", "results", "varied"]

_REMINDER: Final = "<system-reminder>"
# Tools that only look. With one of them another question that is answered the same is not news.
_LOOKS: Final = frozenset({"Read", "NotebookRead", "Grep", "Glob", "LS"})
# Tools that wait: to ask again is what they are for.
_WAITS: Final = frozenset(
    {"BashOutput", "TaskOutput", "AgentOutputTool", "ListAgents", "Monitor", "ScheduleWakeup"}
)
SAYS_ENOUGH: Final = 60
"""A shorter answer ("no matches", "Exit code 1") is no sign that two questions were the same."""
# What differs each time that the same goes wrong: durations, addresses, times of day. Each begins
# with a digit, and is written so: what begins otherwise is passed over many times as fast.
_VARIES: Final = re.compile(
    r"[0-9](?:[0-9]*\.[0-9]+|(?<=0)x[0-9a-fA-F]+|[0-9]:[0-9][0-9]:[0-9][0-9])"
)


Result = tuple[str, JSON, bool]
"""The id of a call, what came of it, and whether it failed."""


# A tuple: dozens are made, and compared, for each request of a turn.
class Step(NamedTuple):
    """A call and its result."""

    tool: str
    given: JSON
    result: JSON
    failed: bool

    @property
    def waits(self) -> bool:
        """Whether to ask the same again is what the tool is for."""
        return self.tool in _WAITS

    @property
    def text(self) -> str:
        """The words of the result."""
        result = self.result
        return result if isinstance(result, str) else "\n".join(texts(result))

    @property
    def looks(self) -> bool:
        """Whether what it was answered counts, whatever it asked for: it says enough to tell."""
        return self.tool in _LOOKS and len(self.text) >= SAYS_ENOUGH


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


def results(content: JSON) -> list[Result]:
    """Return the results in a turn of the user: id of the call, what came, and if it failed."""
    found: list[Result] = []
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_result":
            call, came = block.get("tool_use_id"), block.get("content")
            if isinstance(call, str):
                found.append((call, _plain(came), block.get("is_error") is True))
    return found


def is_said(content: JSON) -> bool:
    """Whether a person speaks, and not only their client."""
    return any(text.strip() and not text.startswith(_REMINDER) for text in texts(content))


def _plain(result: JSON) -> JSON:
    if isinstance(result, list) and len(result) == 1:
        return next(texts(result), result)
    return result


def varied(text: str) -> str:
    """Return what is said of an error, less what differs each time that the same goes wrong."""
    return _VARIES.sub("#", text)
