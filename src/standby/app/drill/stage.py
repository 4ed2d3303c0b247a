"""What a rehearsal of a switch-over needs of the world: one port, and what it gives."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from standby.core.policy.names import is_local_name

__all__ = ["Answer", "Heard", "Line", "Stage", "StageError", "StandIn"]


class StageError(Exception):
    """The rehearsal cannot go on; its message says why, ``hint`` what to do."""

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class StandIn:
    """The local model that would take over."""

    engine: str
    model: str
    rehearsal: bool = False

    @property
    def words(self) -> str:
        """Who it is, for a person."""
        kind = ", a rehearsal model" if self.rehearsal else ""
        return f"{self.model} on {self.engine}{kind}"


@dataclass(frozen=True, slots=True)
class Line:
    """What the user says to the client."""

    words: str
    call: Literal["may", "must", "never"] = "may"
    """Whether the first answer calls a tool; what must, also a model that never learnt it does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One message that the client got. Times are seconds since the epoch."""

    model: str
    asked_at: float
    ended_at: float
    first_at: float | None = None
    """When its first content came; ``None`` where the client does not tell."""
    text: str = ""
    calls: tuple[str, ...] = ()
    """The names of the tools that it calls."""
    notice: str = ""
    """What the gateway says in front of the first local answer."""

    @property
    def local(self) -> bool:
        """Whether a local model gave it: such answers say so."""
        return is_local_name(self.model)


@dataclass(frozen=True, slots=True)
class Heard:
    """A request for a message as the cloud got it."""

    at: float
    """Seconds since the epoch."""
    status: int
    refused: bool
    why: str = ""
    marked: bool = False
    """Whether anything in it carries the gateway's mark."""
    thoughts: int = 0
    """Thinking blocks in it that the cloud has signed."""


class Stage(Protocol):
    """Where the rehearsal takes place. Every wait has a deadline; what fails is StageError."""

    @property
    def client(self) -> str:
        """Who talks to the gateway, in words; empty until it has said so."""
        ...

    @property
    def obeys(self) -> bool:
        """Whether the client can make a model call a tool, or keep it from it."""
        ...

    async def open(self, tell: Callable[[str, str], None]) -> StandIn:
        """Make everything ready; tell who did what. Return who would take over."""
        ...

    async def audition(self) -> Answer:
        """Have the stand-in, chosen by hand, say something; it may have to be started for it."""
        ...

    def say(self, line: Line) -> AsyncIterator[Answer]:
        """Say a line in the one conversation of the client; yield its answers as they come."""
        ...

    def limit(self, seconds: float) -> float:
        """Let the 5-hour limit begin, and be over so soon; return when, as the cloud tells it."""
        ...

    async def until(self, moment: float) -> None:
        """Wait until the gateway may ask the cloud again after a reset at this moment."""
        ...

    def heard(self) -> tuple[Heard, ...]:
        """Return the requests for messages that the cloud got, in their order."""
        ...

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...

    async def strangers(self) -> tuple[str, ...]:
        """Return the addresses off this machine that the gateway was seen connected to."""
        ...
