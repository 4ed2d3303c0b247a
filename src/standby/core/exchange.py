"""One request from arrival to last byte, with no I/O: events in, commands out.

    NEW ──▶ HELD ──▶ SHOWN ──▶ LAST ──▶ DONE
             │         │                 ▲
             └─────────┴─(nobody left)───┘

HELD   Somebody was asked. Headers and keep-alives may have gone out, but nothing of an answer:
       frames are held back until one has content, and who fails is replaced without a trace. An
       answer that is not streamed is held until it is whole. Of a long wait the client may be told
       in a block of ours: it is no content, and all that follows is moved behind it.
SHOWN  The client has content. It cannot be taken back, only mended: after plain text a stand-in
       goes on in the same message; anything else is closed as it is and ends in an error.
LAST   ``message_stop`` is out. What the peer still sends belongs to its answer and is passed on.
DONE   The answer has ended: with ``message_stop``, as a whole, or in an error, and only so.
"""

import enum
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from standby.core.handback.notice import closing, opening, saying
from standby.core.seam import Seam, Shown
from standby.core.wire import messages
from standby.core.wire.errors import Refusal
from standby.core.wire.headers import Head
from standby.core.wire.messages import Began, Broke, Framing, Kind, Opened, Piece, Said, Stopped
from standby.core.wire.sse import Frame

__all__ = [
    "Answered",
    "Ask",
    "Broken",
    "Came",
    "Command",
    "Deliver",
    "Ended",
    "Event",
    "Exchange",
    "Failed",
    "Finish",
    "GiveUp",
    "KeepAlive",
    "ProtocolMisuseError",
    "Quiet",
    "Send",
    "Sign",
    "Stage",
    "Start",
    "Tell",
]


# The opening of an answer has some hundred bytes; pings without end must not fill memory.
MAX_HELD_BYTES: Final = 64 * 1024
TWICE: Final = "the answer began a second time"


class Stage(enum.Enum):
    """How far an exchange has come."""

    NEW = "new"
    HELD = "held"
    SHOWN = "shown"
    LAST = "last"
    DONE = "done"


class _Front(enum.Enum):
    """The block of ours in front of an answer, which tells of the wait for it."""

    NONE = enum.auto()
    OPEN = enum.auto()
    CLOSED = enum.auto()


@dataclass(frozen=True, slots=True)
class Start:
    """The request has been read."""


@dataclass(frozen=True, slots=True)
class Came:
    """The one who was asked sent a frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Answered:
    """The one who was asked gave a whole answer that is not a stream."""

    head: Head
    body: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The one who was asked has nothing more to send, complete or not.

    ``rest`` is what came after the last whole frame.
    """

    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Failed:
    """The one who was asked cannot answer, or cannot go on."""

    why: str
    refusal: Refusal | None = None
    lasting: bool = False
    """Whether it cannot answer the same request another time, either."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a client is told while it waits."""

    words: str
    begin: Frame
    """What begins the message, if nothing has yet."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing has come for a while: the client may think us dead, or has to be told why."""

    sign: Sign | None = None


Event = Start | Came | Answered | Ended | Failed | Quiet


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a candidate, by name, to answer, or to go on after what was ``said`` already."""

    candidate: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes to the client. ``ours``: they are not the peer's own, and in no coding."""

    data: bytes
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send a whole answer to the client."""

    head: Head
    body: bytes


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Show the client that we are alive, and nothing else."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Send bytes of ours that are no part of an answer: of one, nothing is out."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """End the answer to the client."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Tell the client that the answer could not be given or finished.

    ``refusal`` is the first one that anybody gave: what the client gets to the byte, if nothing of
    an answer is out. ``lasting``: asking again changes nothing, by a person's word or because all
    who were asked find the request wrong.
    """

    why: str
    refusal: Refusal | None = None
    lasting: bool = False


Command = Ask | Send | Deliver | KeepAlive | Tell | Finish | GiveUp


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer that stopped on its own; ``complaint`` is the data of its error event, if any."""

    candidate: str
    complaint: str | None


class ProtocolMisuseError(Exception):
    """An event arrived that this stage cannot take: a mistake of ours, not of a peer."""


@dataclass(slots=True)
class Exchange:
    """The state of one exchange. ``order`` names whom to ask, best first."""

    order: Collection[str]
    stand_ins: Container[str] = frozenset()
    """Those of ``order`` who can go on with an answer that somebody else began."""
    nobody: str = "nobody to ask"
    """What is said when ``order`` is empty."""
    besides: str = ""
    """Why others could not be asked at all, said when all who were asked have failed."""
    refusal: Refusal | None = None
    """What the cloud said when it was last asked, for a request for which it is not asked again."""
    kept: bool = False
    """Whether it is by a person's word that the cloud is not asked."""
    stage: Stage = Stage.NEW
    asked: list[str] = field(default_factory=list[str])
    """Who was asked, in order; the last of them answered, if anybody did."""
    shown: Shown = field(default_factory=Shown)
    speaker: str = ""
    """Who began the answer that the client sees; empty while it sees none."""
    cut: str | None = None
    """Why it broke off, where somebody else was asked to go on with it."""
    joined: bool = False
    """Whether two have answered, in one message."""
    broken: Broken | None = None
    """The newest answer that ended without its last frame, or in an error event."""
    _front: _Front = _Front.NONE
    _held: list[tuple[Frame, Piece]] = field(default_factory=list[tuple[Frame, Piece]])
    _held_bytes: int = 0
    _seam: Seam | None = None
    _whys: list[str] = field(default_factory=list[str])
    _lasting: int = 0
    """How many of those who were asked find the request wrong."""

    def handle(self, event: Event) -> Iterator[Command]:
        """Take one event; yield what is to be done about it, in order."""
        match (self.stage, event):
            case (Stage.NEW, Start()):
                self.stage = Stage.HELD
                yield from self._replace(self.nobody)
            case (Stage.HELD, Came(frame)):
                yield from self._hold(frame)
            case (Stage.HELD, Answered(head, body)):
                self.stage = Stage.DONE
                yield from self._drop_front()
                yield Deliver(head, body)
            case (Stage.SHOWN, Came(frame)):
                yield from self._pass_on(frame)
            case (Stage.HELD, Quiet(sign)):
                yield self._tell(sign)
            case (Stage.SHOWN, Quiet()):
                yield KeepAlive()
            case (Stage.HELD | Stage.SHOWN, Ended()):
                if not self.shown.settled:
                    self.broken = Broken(self.asked[-1], None)
                yield from self.handle(Failed("the answer broke off"))
            case (Stage.HELD, Failed(why, refusal, lasting)):
                self.refusal = self.refusal or refusal
                self._lasting += lasting
                yield from self._replace(why)
            case (Stage.SHOWN, Failed(why)):
                yield from self._mend(why)
            case (Stage.SHOWN, Answered()):
                yield from self._mend("what should go on with the answer is not a stream")
            case (Stage.LAST, Came(frame)):
                yield from self._trail(frame.raw)
            case (Stage.LAST, Ended(rest)):
                yield from self._trail(rest)
                yield from self._end()
            case (Stage.LAST, Quiet() | Failed()):
                yield from self._end()
            case (Stage.LAST | Stage.DONE, Came() | Answered() | Quiet() | Ended() | Failed()):
                return  # whatever follows the end is no part of the answer
            case _:
                raise ProtocolMisuseError(f"{event!r} at stage {self.stage.name}")

    def passed(self, frames: Iterable[Frame]) -> bool:
        """Take in frames that only have to be sent as they came; else do nothing, and say so."""
        if self.stage is not Stage.SHOWN or self._seam or self._front is not _Front.NONE:
            return False
        said: list[str] = []
        for frame in frames:
            piece = messages.read(frame)
            if not isinstance(piece, Said):
                return False
            said.append(piece.text)
        self.shown.hear(said)
        return True

    def _tell(self, sign: Sign | None) -> Command:
        if self._front is _Front.OPEN:
            return Tell(saying("" if sign is None else sign.words).raw)
        if sign is None:
            return KeepAlive()
        self._front = _Front.OPEN
        return Tell(sign.begin.raw + opening().raw + saying(sign.words).raw)

    def _drop_front(self) -> Iterator[Command]:
        """End the block in front where no answer follows: unsigned, so that the client drops it."""
        if self._front is _Front.OPEN:
            self._front = _Front.CLOSED
            yield Tell(messages.block_stop(0).raw)

    def _hold(self, frame: Frame) -> Iterator[Command]:
        piece = messages.read(frame)
        begun = any(isinstance(known, Began) for _, known in self._held)
        self._held.append((frame, piece))
        self._held_bytes += len(frame.raw)
        match piece:
            case Began() if begun:
                yield from self._replace(TWICE)
            case Framing() | Began() | Opened() if self._held_bytes > MAX_HELD_BYTES:
                yield from self._replace(f"no content within {MAX_HELD_BYTES} bytes")
            case Framing() | Began() | Opened(_, Kind.TEXT | Kind.THINKING | Kind.TOOL):
                return  # a block that was only opened shows nothing yet
            case Broke(why):
                self.broken = Broken(self.asked[-1], frame.data)
                yield from self._replace(why)
            case _:
                self.stage, self.speaker = Stage.SHOWN, self.asked[-1]
                if self._front is _Front.OPEN:
                    self._front = _Front.CLOSED
                    yield Send(b"".join(each.raw for each in closing()), ours=True)
                for held, known in self._held:
                    yield from self._show(held, known)
                self._forget()

    def _pass_on(self, frame: Frame) -> Iterator[Command]:
        piece = messages.read(frame)
        if isinstance(piece, Broke):
            self.broken = Broken(self.asked[-1], frame.data)
            yield from self._mend(piece.why)
        elif self._seam is None and isinstance(piece, Began):
            yield from self._mend(TWICE)
        elif self._seam is None:
            yield from self._show(frame, piece)
        else:
            for fitted in self._seam.fit(frame):
                self.joined = True
                yield from self._show(fitted, messages.read(fitted), ours=True)

    def _show(self, frame: Frame, piece: Piece, *, ours: bool = False) -> Iterator[Command]:
        self.shown.note(piece)
        if self._front is _Front.NONE:
            yield Send(frame.raw, ours)
        elif not isinstance(piece, Began):  # the client has one already
            yield self._behind(frame)
        if isinstance(piece, Stopped):
            self.stage = Stage.LAST

    def _behind(self, frame: Frame) -> Send:
        """Return what sends a frame of ours, moved behind the block in front."""
        by = 0 if self._front is _Front.NONE else 1
        return Send((messages.shifted(frame, by) if by else frame).raw, ours=True)

    def _trail(self, raw: bytes) -> Iterator[Command]:
        if raw and self._seam is None and self._front is _Front.NONE:
            yield Send(raw)

    def _end(self) -> Iterator[Command]:
        self.stage = Stage.DONE
        yield Finish()

    def _replace(self, why: str) -> Iterator[Command]:
        self._whys.append(why)
        self._forget()
        if candidate := self._next(self.order):
            yield Ask(candidate)
        else:
            yield from self._give_up()

    def _forget(self) -> None:
        self._held.clear()
        self._held_bytes = 0

    def _mend(self, why: str) -> Iterator[Command]:
        self._whys.append(why)
        if self.shown.settled:
            yield from self._show(messages.message_stop(), Stopped(), ours=True)
            yield from self._end()
        elif self.shown.continuable and (candidate := self._next(self.stand_ins)):
            self._seam, self.cut = Seam.after(self.shown), why
            yield Ask(candidate, self.shown.text)
        else:
            for frame in self.shown.closing():
                yield self._behind(frame)
            yield from self._give_up()

    def _give_up(self) -> Iterator[Command]:
        self.stage = Stage.DONE
        yield from self._drop_front()
        # The first entry only says that there was a start.
        whys = self._whys[1:] or self._whys
        said = "; then ".join(dict.fromkeys(whys))
        if self.besides and self.besides not in said:
            said = f"{said}; {self.besides}"
        in_vain = 0 < self._lasting == len(self.asked)
        yield GiveUp(said, self.refusal, self.kept or in_vain)

    def _next(self, fit: Container[str]) -> str | None:
        for candidate in self.order:
            if candidate in fit and candidate not in self.asked:
                self.asked.append(candidate)
                return candidate
        return None
