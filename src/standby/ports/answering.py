"""What the answer to one request needs: whom to ask, and the client's end."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeAlias

from standby.core.request import Request
from standby.core.wire.errors import Refusal
from standby.core.wire.headers import Head

__all__ = [
    "Answerer",
    "AnswererError",
    "AtOnce",
    "Coder",
    "CodingError",
    "Upstream",
    "UpstreamError",
    "Wire",
]


class AnswererError(Exception):
    """A candidate could not answer; ``refusal`` is what it said, to the byte, if it did.

    ``lasting``: the same request will fail there again.
    """

    def __init__(self, why: str, refusal: Refusal | None = None, *, lasting: bool = False) -> None:
        super().__init__(why)
        self.refusal = refusal
        self.lasting = lasting


class UpstreamError(Exception):
    """The cloud could not be reached, or stopped in the middle; its message says why.

    ``sent`` tells whether the request may have reached the cloud.
    """

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        self.sent = sent


class CodingError(Exception):
    """Bytes do not decode, or nothing can be appended where a coded stream was cut."""


class Answerer(Protocol):
    """The cloud or a local engine, as a candidate for one request."""

    def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield the head of the answer, then its bytes as they are to be sent on.

        With ``said``, go on after it: it is the beginning of the answer, and the client has it.
        Raise :class:`AnswererError` for a refusal or a breakdown. An answer that is the client's
        own mistake (a 4xx that no stand-in may hide) is yielded like any other.
        """
        ...


AtOnce: TypeAlias = Callable[[bytes], bool]
"""Takes bytes of an answer here and now. ``False``: it cannot just now, and has done nothing."""


class Upstream(Protocol):
    """The cloud's HTTP, to the byte, in both directions. No redirect is ever followed."""

    def send(self, request: Request, at_once: AtOnce | None = None) -> AsyncIterator[Head | bytes]:
        """Yield the head, then the body as it comes. Raise :class:`UpstreamError`.

        While the iterator waits, what comes may be offered to ``at_once`` first; what that takes is
        not yielded. The end of an answer, and what has not come in one piece, always is.

        Closing the iterator early closes the connection: the cloud stops.
        """
        ...


class Coder(Protocol):
    """One content coding of one answer: reads along, and can go on where the peer stopped."""

    def decode(self, data: bytes) -> bytes:
        """Return what these bytes add to the plain text. Raise :class:`CodingError`."""
        ...

    def append(self, plain: bytes) -> bytes:
        """Return bytes of ours that go on with the coded stream. Raise :class:`CodingError`."""
        ...

    def finish(self) -> bytes:
        """Return the bytes that end a stream that we have appended to."""
        ...


class Wire(Protocol):
    """The client's end of one exchange."""

    @property
    def begun(self) -> bool:
        """Whether headers are out, so that an error can only be an event in the stream."""
        ...

    async def start(self, head: Head, first: bytes = b"") -> None:
        """Say whose answer follows, in one write with its ``first`` bytes where there are any."""

    async def send(self, data: bytes) -> None:
        """Send bytes of the answer; wait while the client is slow to take them."""

    @property
    def ready(self) -> bool:
        """Whether the client, which has a part of the answer, is there and takes more at once."""
        ...

    def send_now(self, data: bytes) -> None:
        """Send bytes of the answer without waiting. Only while it is :attr:`ready`."""
        ...

    async def keep_alive(self, data: bytes = b"") -> None:
        """Send a sign of life: ``data``, or what a client ignores.

        The headers go out with it, if they have not yet.
        """

    async def finish(self) -> None:
        """End the answer."""

    async def deliver(self, head: Head, body: bytes) -> None:
        """Send a whole answer: status, headers and body. Only while nothing is out."""

    async def abort(self) -> None:
        """Break the connection: what is out can neither go on nor be ended honestly."""
