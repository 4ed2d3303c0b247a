"""Where one answer ends and another goes on: what the client has seen, and how a second fits on.

Only plain text is continued. What a client does with half a tool call, or with half of a thinking
block that nobody can sign any more, is not ours to guess.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

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

__all__ = ["Seam", "Shown"]


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

    def note(self, piece: Piece) -> None:
        """Take in a piece that the client is being shown."""
        match piece:
            case Said(text):
                self._text.append(text)
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
        return "".join(self._text)

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
    """Fits a second answer onto the first, so that the client sees one."""

    joined: int | None
    """The text block that is still open and goes on."""
    by: int
    """How far the second answer's block indices move."""

    @classmethod
    def after(cls, shown: Shown) -> Self:
        """Return the seam for an answer that goes on from here."""
        if shown.in_block is None:
            return cls(joined=None, by=shown.blocks)
        return cls(joined=shown.in_block.index, by=shown.in_block.index)

    def fit(self, frame: Frame) -> Iterator[Frame]:
        """Take a frame of the second answer; yield what the client is to get for it."""
        match messages.read(frame):
            case Began():
                return  # the client has one already
            case Opened(0, Kind.TEXT) if self.joined is not None:
                self.joined = None  # the open block goes on
            case Opened(0, _) if self.joined is not None:
                yield messages.block_stop(self.joined)
                self.joined, self.by = None, self.by + 1
                yield messages.shifted(frame, self.by)
            case Opened() | Said() | Closed():
                yield messages.shifted(frame, self.by)
            case _:
                yield frame
