"""Hears what is in an answer's text beside the answer: thinking that leaked, and written calls."""

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from standby.core.dialects.written.harmony import BEGINNING, Harmony
from standby.core.dialects.written.said import Said, Thought, Voiced, without_partial
from standby.core.dialects.written.watch import Calls, Watch

__all__ = ["Ear", "Heard"]

_TAGS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel>", "<channel|>"),  # Gemma 4
)
_CLOSES: Final = ("</think>", "[/THINK]")
_LONGEST_BEGINNING: Final = 160
_LONGEST_THINKING: Final = 40_000
"""Thinking without a beginning whose end has not come by then is taken for an answer."""
_HARMONY_TOKENS: Final = ("<|channel|>", "<|start|>assistant")
_CHANNEL_NAME: Final = re.compile(r"\Athought\n")  # stands at the start of Gemma's thinking


class _Hears(enum.Enum):
    NOTHING_YET = "nothing yet"
    THINKING = "thinking"
    MAYBE_THINKING = "maybe thinking"
    """The template has opened the thinking, so that only its end shows that it is any."""
    TEXT = "text"
    HARMONY = "harmony"


@dataclass(frozen=True, slots=True)
class Heard:
    """What is left at the end of an answer."""

    voiced: tuple[Voiced, ...] = ()
    found: Calls = field(default_factory=Calls)


@dataclass(slots=True)
class Ear:
    """Hears one answer. Changes in place.

    ``opened``: the chat template begins the thinking itself, so that the answer begins inside it.
    ``loose``: calls without a marker of their own are heard, too.
    """

    offered: tuple[str, ...]
    opened: bool = False
    loose: bool = True
    _hears: _Hears = _Hears.NOTHING_YET
    _held: str = ""
    _piled: list[str] = field(default_factory=list[str])
    _size: int = 0
    _close: str = ""
    _fresh: bool = False
    _trims: bool = False
    """The line breaks between thinking and answer are part of neither."""
    _harmony: Harmony = field(default_factory=Harmony)
    _watch: Watch | None = None

    def hear(self, text: str) -> list[Voiced]:
        """Take in text; return what can be said now."""
        return [] if not text else self._take(text)

    def thinks_apart(self) -> None:
        """Note that thinking comes on its own: then the text does not begin inside it."""
        self.opened = False

    def end(self, *, cut: bool) -> Heard:
        """Return what is left. Half a call is nothing at all."""
        match self._hears:
            case _Hears.NOTHING_YET:
                return self._end_of_text(self._held, cut=cut)
            case _Hears.MAYBE_THINKING:
                return self._end_of_text("".join(self._piled), cut=cut)
            case _Hears.THINKING:
                return Heard(tuple(self._think(self._held)))
            case _Hears.HARMONY:
                voiced, calls = self._harmony.end(cut=cut)
                return Heard(tuple(voiced), Calls(calls))
            case _Hears.TEXT:
                return self._end_of_text("", cut=cut)

    def _end_of_text(self, text: str, *, cut: bool) -> Heard:
        said = [self._watching.hear(text)]
        rest, found = self._watching.end()
        said.append(rest)
        if cut and found.calls and not found.calls[-1].closed:
            found = Calls(found.calls[:-1], found.sure)
        return Heard(tuple(Said(words) for words in said if words), found)

    @property
    def _watching(self) -> Watch:
        if self._watch is None:
            self._watch = Watch(self.offered, self.loose)
        return self._watch

    def _take(self, text: str) -> list[Voiced]:
        match self._hears:
            case _Hears.NOTHING_YET:
                return self._begin(text)
            case _Hears.THINKING:
                return self._go_on_thinking(text)
            case _Hears.MAYBE_THINKING:
                return self._pile(text)
            case _Hears.TEXT:
                return self._say(text)
            case _Hears.HARMONY:
                return self._harmony.hear(text)

    def _begin(self, text: str) -> list[Voiced]:
        self._held += text
        begun = self._held.lstrip()
        for opening, closing in _TAGS:
            if begun.startswith(opening):
                self._hears, self._close, self._held = _Hears.THINKING, closing, ""
                self._fresh = True
                return self._go_on_thinking(begun.removeprefix(opening))
        if BEGINNING.match(begun):
            self._hears, self._held = _Hears.HARMONY, ""
            return self._harmony.hear(begun)
        if not begun or (len(begun) < _LONGEST_BEGINNING and _may_open(begun)):
            return []
        whole, self._held = self._held, ""
        if self.opened:
            self._hears = _Hears.MAYBE_THINKING
            return self._pile(whole)
        self._hears = _Hears.TEXT
        return self._say(whole)

    def _go_on_thinking(self, text: str) -> list[Voiced]:
        self._held += text
        thought, closed, rest = self._held.partition(self._close)
        if closed:
            self._held, self._hears = "", _Hears.TEXT
            self._trims = True
            return [*self._think(thought), *self._say(rest)]
        sure = without_partial(self._held, (self._close,))
        if self._fresh and len(self._held) < len("thought\n") + 1:
            return []
        ready, self._held = self._held[:sure], self._held[sure:]
        return self._think(ready)

    def _think(self, words: str) -> list[Voiced]:
        if self._fresh and self._close == "<channel|>":
            words = _CHANNEL_NAME.sub("", words)
        self._fresh = False
        return [Thought(words)] if words else []

    def _pile(self, text: str) -> list[Voiced]:
        """Hold everything until the end of the thinking, if it comes."""
        self._piled.append(text)
        self._size += len(text)
        tail = "".join(self._piled[-_LONGEST_TAIL:]) if ">" in text or "]" in text else ""
        if not any(mark in tail for mark in _CLOSES):
            return (
                [] if self._size <= _LONGEST_THINKING + _LONGEST_TAIL else self._give_up_thinking()
            )
        whole = "".join(self._piled)
        at, mark = min((whole.index(mark), mark) for mark in _CLOSES if mark in whole)
        if at > _LONGEST_THINKING:
            return self._give_up_thinking()
        self._hears, self._piled = _Hears.TEXT, []
        thought, rest = whole[:at], whole[at + len(mark) :]
        self._trims = True
        return [*([Thought(thought)] if thought else []), *self._say(rest)]

    def _give_up_thinking(self) -> list[Voiced]:
        whole = "".join(self._piled)
        self._hears, self._piled = _Hears.TEXT, []
        return self._say(whole)

    def _say(self, text: str) -> list[Voiced]:
        if self._trims:
            text = text.lstrip("\n")
            self._trims = not text
        words = self._watching.hear(text)
        return [Said(words)] if words else []


_LONGEST_TAIL: Final = max(len(mark) for mark in _CLOSES)
"""A mark comes in no more pieces than it has letters."""


def _may_open(begun: str) -> bool:
    """Tell whether an answer that begins like this may turn out to begin with thinking."""
    marks: Iterable[str] = (*(opening for opening, _ in _TAGS), *_HARMONY_TOKENS)
    return any(mark.startswith(begun) or begun.startswith(mark) for mark in marks)
