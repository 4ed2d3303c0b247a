"""The calls of a local model in one turn, in order: which of them came to the same.

Only calls of ours count, which are known by their ids, and only those since the person spoke last
or somebody else made one.
"""

from collections.abc import Sequence
from typing import Final

from standby.core.handback.marks import TOOL
from standby.core.policy.steps import SAYS_ENOUGH, Result, Step, calls, is_said, results, varied
from standby.core.wire.json import JSON

__all__ = ["Trail"]

# Of a long error so many letters of each end are read, and fewer compared: where a number is longer
# than the last time, other letters stand at the place where it was cut.
_READ: Final = 300
_COMPARED: Final = 250


class Trail:
    """The calls of a turn as far as one has read. What is worked out of one is worked out once."""

    def __init__(self, reach: int) -> None:
        """``reach``: so many of the newest calls are looked at."""
        self.news = 0
        """How many of them came with the newest message."""
        self._reach = reach
        self._steps: list[Step] = []
        self._asked: dict[str, tuple[str, JSON]] = {}
        self._errors: dict[int, str] = {}
        self._before: dict[int, int] = {}
        self._parts = [("", ""), ("", "")]

    def take(self, message: JSON) -> None:
        """Read on by one message."""
        if not isinstance(message, dict):
            return
        role, content = message.get("role"), message.get("content")
        if role == "assistant":
            self.asks(content)
        elif role == "user":
            brought = results(content)
            self.hears(brought)
            if not brought and is_said(content):
                self._begin()

    def asks(self, content: JSON) -> None:
        """Read on by a message of an assistant, of which this is the content."""
        self.news = 0
        made = calls(content)
        for call in made:
            if not call.startswith(TOOL):  # somebody else has gone on with the turn
                self._begin()
                made = {one: asked for one, asked in made.items() if one.startswith(TOOL)}
                break
        self._asked = made

    def hears(self, brought: Sequence[Result]) -> None:
        """Read on by the results that a message of the user brings."""
        before = len(self._steps)
        for call, result, failed in brought:
            if (asked := self._asked.get(call)) is not None:
                self._steps.append(Step(asked[0], asked[1], result, failed))
        self.news = len(self._steps) - before

    @property
    def last(self) -> Step:
        """The newest call; there is one where there are news."""
        return self._steps[-1]

    @property
    def news_begin(self) -> int:
        """The place of the first call that came with the newest message."""
        return len(self._steps) - self.news

    def failing_alike(self) -> Sequence[int]:
        """Return the places of the calls that failed as the newest did; none where it did not.

        Few words mean the same for the same call only.
        """
        tool, given, result, failed = self.last
        if not failed:
            return ()
        error = self._error(len(self._steps) - 1)
        is_brief = len(error) < SAYS_ENOUGH
        found: list[int] = []
        for place in range(self._first, len(self._steps)):
            by, asked, came, failed = self._steps[place]
            if not failed or by != tool or (is_brief and asked != given):
                continue
            if came == result or self._error(place) == error:
                found.append(place)
        return found

    def asked_again(self) -> Sequence[int]:
        """Return the places of the calls that were the newest, result and all, the newest first.

        They are counted back to what was new after them: the same question may then be another.
        """
        last = self.last
        found: list[int] = []
        for place in range(len(self._steps) - 1, self._first - 1, -1):
            if self._steps[place] == last:
                found.append(place)
            elif self._is_new(place):
                break
        return found

    def for_nothing(self) -> Sequence[int]:
        """Return the places of the newest calls that brought nothing new, the newest first."""
        found: list[int] = []
        for place in range(len(self._steps) - 1, self._first - 1, -1):
            if self._steps[place].waits or self._is_new(place):
                break
            found.append(place)
        return found

    @property
    def _first(self) -> int:
        return max(len(self._steps) - self._reach, 0)

    def _begin(self) -> None:
        self._steps.clear()
        self._errors.clear()
        self._before.clear()

    def _is_new(self, place: int) -> bool:
        """Whether a call brought what none before it has brought."""
        step = self._steps[place]
        if step.failed:
            return False
        before = self._before.get(place)
        if before is None:
            before = self._before[place] = self._same_before(place, step)
        return before < self._first

    def _same_before(self, place: int, step: Step) -> int:
        """Return the newest place before one whose call tells the same; -1: there is none."""
        steps, tool, given, looks = self._steps, step.tool, step.given, step.looks
        for earlier in range(place - 1, self._first - 1, -1):
            other = steps[earlier]
            # Results can be as long as files: they come last.
            asked = other.tool == tool and (looks or other.given == given)
            if asked and other.result == step.result:
                return earlier
        return -1

    def _error(self, place: int) -> str:
        """Return what went wrong at a place, less what differs each time."""
        error = self._errors.get(place)
        if error is None:
            text = self._steps[place].text
            if len(text) <= 2 * _READ:
                error = varied(text)
            else:
                end = self._less_end(text[-_READ:])
                error = self._less(text[:_READ], 0)[:_COMPARED] + end[-_COMPARED:]
            self._errors[place] = error
        return error

    def _less_end(self, text: str) -> str:
        """Return the end of a long error less what differs: mostly in its last line alone."""
        before, line, last = text.rpartition("\n")
        return f"{self._less(before, 1)}{line}{varied(last)}"

    def _less(self, text: str, which: int) -> str:
        """Return a part of a long error less what differs: it is often as in the one before."""
        if text != self._parts[which][0]:
            self._parts[which] = (text, varied(text))
        return self._parts[which][1]
