"""Where one answer ends and another goes on: what the client has seen, and how a second fits on.

Only plain text is continued. What a client does with half a tool call, or with half of a thinking
block that nobody can sign any more, is not ours to guess.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from standby.core.usage import tokens_of
from standby.core.wire import messages
from standby.core.wire.json import JSON
from standby.core.wire.messages import (
    Began,
    Broke,
    Closed,
    Framing,
    Kind,
    Opened,
    Piece,
    Said,
    Settled,
    Stopped,
)
from standby.core.wire.sse import Frame

__all__ = ["WINDOW", "Seam", "Shown", "may_repeat", "overlap"]

WINDOW: Final = 400
"""How many characters of what was said a continuation may repeat before it goes on."""
BYTES_A_TOKEN: Final = 4
"""Of English text and code; nobody counts the tokens of an answer that was cut."""

# Shorter or plainer, it is no sign of a repetition: "ha", an indented brace, a rule of dashes.
_LEAST: Final = 24
_LEAST_DIFFERENT: Final = 8
_MOST_PARTS: Final = 64
_INPUT: Final = frozenset(
    {"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"}
)


def overlap(said: str, more: str) -> int:
    """Return how many characters at the beginning of ``more`` only repeat the end of ``said``.

    White space is always one: a continuation is asked for after the last word, not behind it.
    """
    for length in range(min(len(said), len(more), WINDOW), 0, -1):
        part = more[:length]
        if said.endswith(part) and (part.isspace() or _is_a_sign(part)):
            return length
    return 0


def may_repeat(said: str, more: str) -> bool:
    """Whether it takes more text than this to know what of it is a repetition."""
    return more in said[-WINDOW:-1]


def _is_a_sign(part: str) -> bool:
    return len(part) >= _LEAST and len(set(part)) >= _LEAST_DIFFERENT


@dataclass(slots=True)
class Shown:
    """What a client has been shown of an answer.

    One per exchange, and told of every frame: so it changes in place. As a value, replaced each
    time, it made the whole core a fifth slower.
    """

    blocks: int = 0
    in_block: Opened | None = None
    plain: bool = True
    """Nothing but text and thinking so far."""
    settled: bool = False
    """The reason to stop was given: nothing is missing but the last frame."""
    model: str = ""
    usage: dict[str, JSON] = field(default_factory=dict[str, JSON])
    """The newest value of each count: they are cumulative, never added up."""
    _text: list[str] = field(default_factory=list[str])
    _newest: list[str] = field(default_factory=list[str])
    """What is not joined yet: by itself, each few words take three times their length."""

    def hear(self, said: Iterable[str]) -> None:
        """Take in plain text that the client is being shown."""
        self._newest += said
        if len(self._newest) > _MOST_PARTS:
            self._text.append("".join(self._newest))
            self._newest.clear()

    def note(self, piece: Piece) -> None:
        """Take in a piece that the client is being shown."""
        match piece:
            case Said(text):
                self.hear([text])
            case Opened(_, kind):
                self.blocks += 1
                self.in_block = piece
                self.plain = self.plain and kind in (Kind.TEXT, Kind.THINKING)
            case Closed():
                self.in_block = None
            case Began(model, usage):
                self.model = model
                self.usage.update(usage)
            case Settled(usage):
                self.settled = True
                self.usage.update(usage)
            case Framing() | Stopped() | Broke():
                pass

    @property
    def text(self) -> str:
        """All the plain text so far."""
        return "".join((*self._text, *self._newest))

    @property
    def continuable(self) -> bool:
        """Whether somebody else can go on from here so that one message comes of it."""
        between_or_in_text = self.in_block is None or self.in_block.kind is Kind.TEXT
        return self.plain and not self.settled and between_or_in_text

    def closing(self) -> Iterator[Frame]:
        """Yield what ends the open block, if ending it claims nothing that is not so.

        To end a tool call is to say that it is complete: the Python SDK then hands over the
        arguments it has, less those that were still to come. It is left open, as the cloud itself
        leaves it. Thinking ends without the signature that only the cloud can give.
        """
        if self.in_block is not None and self.in_block.kind in (Kind.TEXT, Kind.THINKING):
            yield messages.block_stop(self.in_block.index)


@dataclass(slots=True)
class Seam:
    """Fits a second answer onto the first, so that the client sees one.

    The beginning of its text is held back as long as it may be a repetition of what was said.
    """

    joined: int | None
    """The text block that is still open and goes on."""
    by: int
    """How far the second answer's block indices move."""
    said: str = ""
    """The end of the text so far; empty when nothing can be repeated any more."""
    usage: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    """What the first answer counted."""
    spoken: int = 0
    """About how many tokens the first answer's text has."""
    _text: int | None = None
    """The client's index of the text block whose beginning is held back."""
    _opening: Frame | None = None
    """What opens it, if it is not open yet: no block is left without text."""
    _held: str = ""

    @classmethod
    def after(cls, shown: Shown) -> Self:
        """Return the seam for an answer that goes on from here."""
        text = shown.text
        spoken = -(-len(text.encode(errors="replace")) // BYTES_A_TOKEN)
        joined = None if shown.in_block is None else shown.in_block.index
        by = shown.blocks if joined is None else joined
        return cls(joined, by, text[-WINDOW:], dict(shown.usage), spoken)

    def fit(self, frame: Frame) -> Iterator[Frame]:
        """Take a frame of the second answer; yield what the client is to get for it."""
        match messages.read(frame):
            case Began():
                return  # the client has one already
            case Opened(index, kind):
                yield from self._open(frame, index, kind)
            case Said(text) if self._text is not None and text:
                self._held += text
                if not may_repeat(self.said, self._held):
                    yield from self._let_go()
            case Closed() if self._text is not None:
                yield from self._let_go()
                if self._opening is None:
                    yield messages.shifted(frame, self.by)
                else:  # all of it was a repetition
                    self._opening, self.by = None, self.by - 1
                self._text = None
            case Said() | Closed():
                yield messages.shifted(frame, self.by)
            case Settled(usage):
                yield from self._end_joined()  # it had nothing to add
                yield messages.counted(frame, self._sum(usage)) if usage else frame
            case _:
                yield frame

    def _open(self, frame: Frame, index: int, kind: Kind) -> Iterator[Frame]:
        if self.joined is not None and kind is not Kind.TEXT:
            yield from self._end_joined()
            self.by += 1
        opening: Frame | None = messages.shifted(frame, self.by)
        if self.joined is not None:
            self.joined, opening = None, None  # the open block goes on
        if kind is Kind.TEXT and self.said:
            self._text, self._opening = index + self.by, opening
        elif opening is not None:
            yield opening

    def _end_joined(self) -> Iterator[Frame]:
        if self.joined is not None:
            yield messages.block_stop(self.joined)
            self.joined = None

    def _let_go(self) -> Iterator[Frame]:
        """Yield the held text less what it repeats."""
        rest = self._held[overlap(self.said, self._held) :]
        self._held = self.said = ""
        if not rest or self._text is None:
            return
        if self._opening is not None:
            yield self._opening
        yield messages.text_delta(self._text, rest)
        self._text = self._opening = None

    def _sum(self, usage: Mapping[str, JSON]) -> dict[str, JSON]:
        """Return the counts of both: what the first took in, and what both have put out."""
        output = tokens_of(usage).output + max(self.spoken, tokens_of(self.usage).output)
        first = {name: count for name, count in self.usage.items() if name in _INPUT}
        return {**usage, **first, "output_tokens": output}
