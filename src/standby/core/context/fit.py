"""How a request is made to fit the window of a local model.

In this order, and no further than needed: the answer gets less room; tools that the conversation
has never used are left out; old tool results are shortened, oldest first; then shortened to a
line. What does not fit even so is told to the client, who compacts its conversation. The system
prompt, the tools in use and the last turn are never touched, but for a last turn that no window of
this size could ever take.

Results are shortened in coarse portions, an eighth of the window at a time. So from one turn to the
next the shortened history stays the same to the byte, and with it the server's prefix cache, until
the next portion is due.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from standby.core.context.cut import MARKER_BYTES, Depth, ends, shorter, within
from standby.core.context.measure import (
    blocks_of,
    in_use,
    weigh,
    weigh_block,
    weigh_turn,
)
from standby.core.context.window import Window
from standby.core.wire.json import JSON

__all__ = ["Fitted", "fit", "fit_summary"]

# What an agent cannot work without: they stay, used or not. Claude Code's names, and others'.
_WORKING: Final = frozenset(
    {"bash", "edit", "glob", "grep", "ls", "multiedit", "read", "shell", "toolsearch", "write"}
)

_LEAST_RESULT: Final = 1000
"""Bytes of a new result that are always kept."""

_MIDDLE: Final = (
    "[{} messages of this conversation were left out here: they do not fit this model's window.]"
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request as it is to be sent, and what was done to it."""

    body: Mapping[str, JSON]
    steps: tuple[str, ...]
    """What was left out, in words; empty when nothing was."""
    tokens: int
    """About how many tokens it comes to."""
    room: int
    """How many it may come to."""
    level: tuple[int, int] = (0, 0)
    """How many portions were cut by shortening, and by shortening to a line. While it stays, the
    history of a growing conversation comes out the same."""
    all_cut: bool = False
    """Every result that may be shortened was: the next turn may shorten one more."""

    @property
    def fits(self) -> bool:
        """Whether it fits; else the client must compact its conversation."""
        return self.tokens <= self.room


def fit(body: Mapping[str, JSON], window: Window, *, summary: bool = False) -> Fitted:
    """Return the request as it fits, or as near to it as may be."""
    work = _Work(body, window, window.room(body, summary=summary))
    if work.excess > 0:
        work.drop_idle_tools()
    if work.excess > 0:
        work.shorten_old_results()
    if work.excess > 0:
        work.shorten_hopeless_results()
    return work.done()


def fit_summary(body: Mapping[str, JSON], window: Window) -> Fitted:
    """Return a request for a summary of the conversation so that it fits, whatever it takes.

    No tool may be called in it. It keeps as much as there is room for, and is never refused: the
    client could do nothing with a refusal.
    """
    fitted = fit({**body, "tool_choice": {"type": "none"}}, window, summary=True)
    if fitted.fits:
        return fitted
    work = _Work(fitted.body, window, fitted.room, list(fitted.steps))
    work.drop_tools()
    if work.excess > 0:
        work.drop_the_middle()
    if work.excess > 0:
        work.keep_the_end()
    return work.done()


@dataclass(frozen=True, slots=True)
class _Place:
    """A tool result, and what shortening it spares."""

    turn: int
    block: int
    short: JSON
    spared: int
    """Bytes."""


_Cut = Callable[[Mapping[str, JSON]], tuple[JSON, int] | None]
"""Returns a result in short and its weight; ``None`` when there is nothing to gain."""


class _Work:
    """One request under the knife. Changes in place; its parts are replaced, never changed."""

    def __init__(
        self,
        body: Mapping[str, JSON],
        window: Window,
        room: int,
        steps: list[str] | None = None,
    ) -> None:
        self._body = dict(body)
        self._window = window
        self._room = room
        self._steps = steps or []
        self._size = weigh(body, sees=window.sees)
        self._level = [0, 0]
        self._all_cut = False

    @property
    def excess(self) -> int:
        """How many bytes too many there are."""
        return self._size - self._window.gauge.bytes(self._room)

    def done(self) -> Fitted:
        """Return what has become of it."""
        return Fitted(
            self._body,
            tuple(self._steps),
            self._window.gauge.tokens(self._size),
            self._room,
            (self._level[0], self._level[1]),
            self._all_cut,
        )

    def drop_idle_tools(self) -> None:
        """Leave out the tools that were never used, but for those that every agent needs."""
        tools = self._body.get("tools")
        if not isinstance(tools, list):
            return
        used = in_use(self._body)
        kept: list[JSON] = [tool for tool in tools if _is_needed(tool, used)]
        # Without a single tool a client's agent would only talk: all of them stay, then.
        if kept and len(kept) < len(tools):
            was = self._size
            self._put("tools", kept)
            if self._size < was:
                self._steps.append(f"{len(tools) - len(kept)} tools never used were left out")

    def drop_tools(self) -> None:
        """Leave out all tools: nothing is to be called."""
        if self._body.pop("tools", None):
            self._steps.append("all tools were left out")
        self._body.pop("tool_choice", None)
        self._weigh()

    def shorten_old_results(self) -> None:
        """Shorten results of tools before the last answer of the assistant, oldest first."""
        turns, count = self._turns, 0
        old = turns[: _last_answer(turns)]
        for depth in (Depth.SHORT, Depth.LINE):
            if self.excess <= 0:
                break
            # From the result as it was, so that what is told to be missing is all that is.
            places = [*self._places(old, 0, partial(shorter, depth=depth, sees=self._window.sees))]
            portions = -(-self.excess // self._window.portion)
            chosen = _enough(places, portions * self._window.portion)
            self._level[depth.value] = portions
            self._all_cut = self._all_cut or len(chosen) == len(places)
            count = max(count, len(chosen))
            self._replace(chosen)
        if count:
            self._steps.append(f"{count} old tool results were shortened")

    def shorten_hopeless_results(self) -> None:
        """Shorten new results that no compaction could make room for."""
        last = _last_answer(self._turns)
        new = self._turns[last:]
        rest = sum(weigh_turn(turn, sees=self._window.sees) for turn in new)
        room = self._window.gauge.bytes(self._room)
        left = room - self._without_turns - rest
        if left >= 0:
            return
        count = sum(1 for turn in new for block in _content_of(turn) if _is_result(block))
        most = max(_LEAST_RESULT, room // 2 // max(count, 1))
        cut = partial(within, most=most, sees=self._window.sees)
        places = [*self._places(new, last, cut)]
        if places:
            self._replace(places)
            self._steps.append(f"{len(places)} tool results too large for the window were cut")

    def drop_the_middle(self) -> None:
        """Leave out the turns between the first and as many of the last as there is room for."""
        turns = self._turns
        room = self._window.gauge.bytes(self._room) - self._without_turns
        opening = _opening(turns[0], max(room // 8, 0)) if turns else ""
        room -= 2 * MARKER_BYTES + len(opening.encode(errors="replace"))
        weights = [weigh_turn(turn, sees=self._window.sees) for turn in turns]
        start, size = len(turns), 0
        for at in range(len(turns) - 1, 0, -1):
            size += weights[at]
            if size > room:
                break
            if not _answers_calls(turns[at]):
                start = at
        if start == len(turns):
            return
        said: list[JSON] = [{"type": "text", "text": part} for part in (opening,) if part]
        said.append({"type": "text", "text": _MIDDLE.format(start)})
        self._put("messages", [{"role": "user", "content": said}, *turns[start:]])
        self._steps.append(f"{start} messages in the middle were left out")

    def keep_the_end(self) -> None:
        """Keep of the last turn's words what there is room for, and of the system prompt."""
        room = self._window.gauge.bytes(self._room)
        system = "\n\n".join(_texts(self._body.get("system")))
        last = "\n\n".join(_last_texts(self._turns))
        if len(system.encode(errors="replace")) > room // 4:
            self._put("system", _ending(system, room // 4))
        left = room - self._without_turns - 2 * MARKER_BYTES
        said = _ending(last, left) or "Go on."
        self._put("messages", [{"role": "user", "content": said}])
        self._steps.append("only the end of the last message was kept")

    @property
    def _turns(self) -> list[JSON]:
        turns = self._body.get("messages")
        return turns if isinstance(turns, list) else []

    @property
    def _without_turns(self) -> int:
        return self._size - sum(weigh_turn(turn, sees=self._window.sees) for turn in self._turns)

    def _places(self, turns: Sequence[JSON], start: int, cut: _Cut) -> Iterator[_Place]:
        """Yield the results in these turns that can be cut, oldest first."""
        now = self._turns
        for at, turn in enumerate(turns, start):
            current = _content_of(now[at])
            for place, block in enumerate(_content_of(turn)):
                if not (isinstance(block, dict) and _is_result(block)):
                    continue
                if (cut_down := cut(block)) is not None:
                    short, weight = cut_down
                    was = weigh_block(current[place], sees=self._window.sees)
                    if weight < was:
                        yield _Place(at, place, short, was - weight)

    def _replace(self, places: Sequence[_Place]) -> None:
        turns = [*self._turns]
        for place in places:
            turn = turns[place.turn]
            if isinstance(turn, dict):
                blocks = [*_content_of(turn)]
                blocks[place.block] = place.short
                turns[place.turn] = {**turn, "content": blocks}
        self._put("messages", turns)

    def _put(self, name: str, value: JSON) -> None:
        self._body[name] = value
        self._weigh()

    def _weigh(self) -> None:
        self._size = weigh(self._body, sees=self._window.sees)


def _enough(places: Sequence[_Place], target: int) -> list[_Place]:
    """Return as many of the first places as spare so many bytes together, or all."""
    chosen: list[_Place] = []
    spared = 0
    for place in places:
        if spared >= target:
            break
        chosen.append(place)
        spared += place.spared
    return chosen


def _is_needed(tool: JSON, used: frozenset[str]) -> bool:
    match tool:
        case {"name": str(name)}:
            return name in used or name.lower() in _WORKING
        case _:
            return False


def _is_result(block: JSON) -> bool:
    match block:
        case {"type": "tool_result"}:
            return True
        case _:
            return False


def _content_of(turn: JSON) -> list[JSON]:
    """Return the blocks of a turn; a string has none."""
    match turn:
        case {"content": list(content)}:
            return content
        case _:
            return []


def _last_answer(turns: Sequence[JSON]) -> int:
    """Return where the assistant's last turn stands; the end when there is none."""
    for at in range(len(turns) - 1, -1, -1):
        match turns[at]:
            case {"role": "assistant"}:
                return at
            case _:
                pass
    return 0


def _answers_calls(turn: JSON) -> bool:
    """Tell whether a turn cannot stand without the one before it."""
    return any(_is_result(block) for block in _content_of(turn))


def _texts(content: JSON) -> Iterator[str]:
    for block in blocks_of(content):
        match block:
            case {"type": "text", "text": str(text)}:
                yield text
            case {"type": "tool_result", "content": inner}:
                yield from _texts(inner)
            case _:
                pass


def _opening(turn: JSON, most: int) -> str:
    """Return what the first turn says, in so many characters."""
    match turn:
        case {"role": "user", "content": content}:
            text = "\n\n".join(_texts(content))
            return ends(text, most * 2 // 3, most // 3) if most else ""
        case _:
            return ""


def _ending(text: str, most: int) -> str:
    """Return the end of a text, in so many bytes."""
    raw = text.encode(errors="replace")
    kept = raw[max(0, len(raw) - max(most, 0)) :].decode(errors="ignore")
    return kept if len(raw) <= most else f"{ends(text, 0, len(kept))}"


def _last_texts(turns: Sequence[JSON]) -> Iterator[str]:
    match turns:
        case [*_, {"content": content}]:
            yield from _texts(content)
        case _:
            pass
