"""The bytes of one streamed answer, read by read, as the events of an exchange."""

import asyncio
from dataclasses import dataclass

from standby.core.exchange import Came, Ended, Event
from standby.core.wire.sse import Decoder, Frame
from standby.ports import Coder

__all__ = ["Inbox", "Read", "Stream"]


@dataclass(frozen=True, slots=True)
class Read:
    """One read of the network, as events.

    Judging and writing it as one, not frame by frame, made the relay three times as fast.
    """

    events: list[Event]
    raw: bytes = b""
    """The bytes that it came in, where they are in a coding."""
    inside: bool = False
    """Whether they end inside an event."""

    @property
    def plain(self) -> bytes:
        """The events as bytes."""
        return b"".join(map(_plain, self.events))


class Inbox:
    """Room for one read: an answer is taken in only as fast as the client takes it.

    One task puts and one takes out. A queue of asyncio's would do, with two kilobytes for each open
    stream.
    """

    __slots__ = ("_loop", "_read", "_waiter")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._read: Read | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing lies here."""
        return self._read is None

    def put_now(self, read: Read) -> None:
        """Put a read in. Only while it is empty."""
        self._read = read
        self._wake()

    async def put(self, read: Read) -> None:
        """Put a read in, once there is room."""
        while self._read is not None:
            await self._change()
        self.put_now(read)

    async def get(self) -> Read:
        """Take the read out, once there is one."""
        while self._read is None:
            await self._change()
        read, self._read = self._read, None
        self._wake()
        return read

    async def _change(self) -> None:
        # To ask for the running loop each time is a call of the system before Python 3.12.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:  # or the other side waits by now
                self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Stream:
    """The events of one streamed answer, from its bytes."""

    def __init__(self) -> None:
        self.coder: Coder | None = None
        self._decoder = Decoder()
        self._raw = bytearray()

    def receive(self, data: bytes) -> list[Frame]:
        """Take bytes from the peer; return the frames that they completed.

        Raise :class:`CodingError` or :class:`FrameTooLargeError` for what cannot be read.
        """
        if self.coder is not None:
            self._raw += data
            data = self.coder.decode(data)
        return self._decoder.receive_data(data)

    def read(self, events: list[Event]) -> Read:
        """Return the events with the coded bytes that have come since those before them."""
        raw = bytes(self._raw)
        self._raw.clear()
        return Read(events, raw, inside=bool(self._decoder.rest))

    @property
    def rest(self) -> bytes:
        """What came after the last whole event."""
        return self._decoder.rest


def _plain(event: Event) -> bytes:
    match event:
        case Came(frame):
            return frame.raw
        case Ended(rest):
            return rest
        case _:
            return b""
