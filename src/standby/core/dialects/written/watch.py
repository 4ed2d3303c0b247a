"""Watches a text for written calls while it streams.

What may be the beginning of a call is held back, and let go when it is none. Whether a text ends in
calls depends on the whole of it and on nothing else: not on how it was cut.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from standby.core.dialects.arguments.names import meant
from standby.core.dialects.written.choose import FORMATS
from standby.core.dialects.written.format import WINDOW, Doubt, Format, Written
from standby.core.dialects.written.place import Lines

__all__ = ["Calls", "Watch"]

_MOST_READINGS: Final = 64
"""So many beginnings of one answer are read to the end; a text with more of them is about calls."""

_MARKERS: Final = tuple((marker, one) for one in FORMATS for marker in one.markers)
_LONGEST: Final = max(len(marker) for marker, _ in _MARKERS)
_LONE_CLOSE: Final = ("</think>", "[/THINK]")
"""The end of a thinking that the chat template has begun; its beginning never comes."""


def _whole_or_begun(marks: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for a mark, or for what of one stands at the end of a text."""
    whole = {*marks}
    begun = {mark[:count] for mark in whole for count in range(1, len(mark))}
    return re.compile(
        "|".join(
            (
                *(re.escape(mark) for mark in sorted(whole, key=len, reverse=True)),
                *(re.escape(part) + r"\Z" for part in sorted(begun, key=len, reverse=True)),
            )
        )
    )


_FIRST: Final = _whole_or_begun((*(marker for marker, _ in _MARKERS), *_LONE_CLOSE))


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls at the end of a text, and how sure it is that they are any."""

    calls: tuple[Written, ...] = ()
    sure: bool = True
    text: str = ""
    """As they were written."""


@dataclass(slots=True)
class Watch:
    """Watches one text, for calls of the tools of these names. Changes in place."""

    offered: tuple[str, ...]
    loose: bool = True
    """Whether formats are heard, too, that have no marker of their own."""
    _lines: Lines = field(default_factory=Lines)
    _held: str = ""
    _growing: list[str] = field(default_factory=list[str])
    """What came behind a beginning that holds: it is looked at again at the end."""
    _sure_head: bool = False
    _readings: int = 0
    _tags_gone: bool = False

    def hear(self, text: str) -> str:
        """Take in text; return what can be said now."""
        if self._sure_head:
            self._growing.append(text)
            return ""
        self._held += text
        return self._let_go(final=False)

    def end(self) -> tuple[str, Calls]:
        """Return what is left to say, and the calls."""
        self._held += "".join(self._growing)
        self._growing = []
        self._sure_head = False
        out: list[str] = []
        while self._held:
            out.append(self._let_go(final=True))
            if not self._held:
                break
            if (found := self._read()) is not None:
                self._held = ""
                return "".join(out), found
            out.append(self._pass(1))
        return "".join(out), Calls()

    def _read(self) -> Calls | None:
        """Return the calls that all of the held text is."""
        self._readings += 1
        if self._readings > _MOST_READINGS:
            return None
        for one in self._formats_at(0):
            calls = one.read(self._held)
            if calls and all(self._is_offered(call.name, one) for call in calls[:1]):
                return Calls(calls, one.sure, self._held)
        return None

    def _let_go(self, *, final: bool) -> str:
        """Return the text before the next beginning; the held text then starts with that."""
        out: list[str] = []
        at = 0
        while (first := _FIRST.search(self._held, at)) is not None:
            here = first.start()
            self._lines.take(self._held[at:here])
            at = here
            match self._beginning(here, final=final):
                case Doubt.NO:
                    width = self._lone_close(here, final=final)
                    if width < 0 and not final:
                        break
                    if width > 0:
                        out.append(self._held[:here])
                        self._held = self._held[here + width :]
                        at = 0
                        continue
                    self._lines.take(self._held[here])
                    at = here + 1
                case Doubt.MORE:
                    break
                case _:
                    self._sure_head = not final
                    break
        else:
            self._lines.take(self._held[at:])
            at = len(self._held)
        out.append(self._held[:at])
        self._held = self._held[at:]
        return "".join(out)

    def _pass(self, count: int) -> str:
        passed, self._held = self._held[:count], self._held[count:]
        self._lines.take(passed)
        return passed

    def _beginning(self, here: int, *, final: bool) -> str | Doubt:
        """Tell whether a call begins here. At the end of the text, more cannot come."""
        doubt = Doubt.NO
        if not self.offered:
            return doubt
        rest = self._held[here : here + max(WINDOW, _LONGEST)]
        for marker, one in _MARKERS:
            if not self._fits(rest, marker) or not self._lines.may_begin(one.place):
                continue
            if len(rest) < len(marker):
                doubt = doubt if final else Doubt.MORE
                continue
            head = one.head(rest[:WINDOW])
            if head is Doubt.MORE:
                doubt = doubt if final else Doubt.MORE
            elif isinstance(head, str) and self._may_be(head, one):
                return head
        return doubt

    def _fits(self, rest: str, marker: str) -> bool:
        return rest.startswith(marker) or (len(rest) < len(marker) and marker.startswith(rest))

    def _formats_at(self, here: int) -> Iterable[Format]:
        """Return the formats of which a call may begin here."""
        rest = self._held[here : here + max(WINDOW, _LONGEST)]
        seen: dict[str, Format] = {}
        for marker, one in _MARKERS:
            if rest.startswith(marker) and self._lines.may_begin(one.place):
                head = one.head(rest[:WINDOW])
                if isinstance(head, str) and self._may_be(head, one):
                    seen[one.name] = one
        return seen.values()

    def _may_be(self, head: str, one: Format) -> bool:
        return (one.sure or self.loose) and (not head or self._is_offered(head, one))

    def _is_offered(self, name: str, one: Format) -> bool:
        return meant(name, self.offered, near=one.sure) is not None

    def _lone_close(self, here: int, *, final: bool) -> int:
        """Return the width of a lone closing tag that stands here; 0: none, -1: not yet known."""
        if self._tags_gone or self._lines.fenced:
            return 0
        behind = self._lines.line
        if behind.strip() and behind[-1:] not in ".!?…":
            return 0
        rest = self._held[here:]
        for mark in _LONE_CLOSE:
            if rest.startswith(mark + "\n"):
                self._tags_gone = True
                return len(mark) + 1
            if rest.strip() == mark and final:
                self._tags_gone = True
                return len(rest)
            if (mark + "\n").startswith(rest):
                return -1
        return 0
