"""The client's end of one exchange: what goes out, in whose coding, and what it came to.

When something is to go out is decided elsewhere, by the exchange.
"""

from collections.abc import Callable, Iterable
from typing import Final

from standby.app.answering.coded import Coded
from standby.app.answering.reads import Read, Stream
from standby.core.exchange import GiveUp
from standby.core.wire import errors, messages
from standby.core.wire.headers import Head, end_to_end
from standby.core.wire.sse import Frame
from standby.ports import Coder, CodingError, Wire

__all__ = ["Outlet"]

# What clients take for "not now", and do not mend by asking again at once.
UNABLE: Final = 529
_LENGTH: Final = frozenset({"content-length"})


class Outlet:
    """What one client gets."""

    def __init__(self, wire: Wire, coder_for: Callable[[str], Coder]) -> None:
        self._wire = wire
        self._coder_for = coder_for
        self._head: Head | None = None
        self._coded: Coded | None = None
        """What goes out, where it does in a peer's coding."""
        self.begun = False
        """Whether something of an answer is out."""
        self.lost = False
        """Whether the connection was broken: nobody listens any more."""
        self.status = 0
        """The status that the client got; 0 while it got none."""
        self.whole: bytes | None = None
        """The plain body of an answer that was not streamed."""
        self.gave_up: str | None = None
        """Why the answer could not be given or finished; ``None`` when it was."""
        self.on_shown: Callable[[], None] = lambda: None
        """Called once, when the first bytes of an answer go out."""

    @property
    def answering(self) -> bool:
        """Whether headers are out."""
        return self._wire.begun

    @property
    def ready(self) -> bool:
        """Whether more of the answer that has begun may go out at once, as it comes."""
        whole = self._coded is None or self._coded.untouched
        return self.begun and whole and self._wire.ready

    def forget(self) -> None:
        """Begin anew with another answer, unless something of one is out."""
        if not self.begun:
            self._head = self._coded = None

    def begins(self, head: Head) -> Coder | None:
        """Take the head of a streamed answer; return what decodes it, if it is in a coding."""
        # What goes out may become longer than the peer said, if somebody else must go on with it.
        head = Head(head.status, end_to_end(head.headers, less=_LENGTH))
        if not self.begun:  # or it continues another's answer
            self._head = head
            if head.coding and not self._wire.begun:  # a keep-alive has promised plain text
                self._coded = Coded(lambda: self._coder_for(head.coding))
        return self._coder_for(head.coding) if head.coding else None

    def came(self, read: Read) -> None:
        """Take in a read, some of which is to go out."""
        if self._coded is not None:
            self._coded.came(read.raw, read.plain, inside=read.inside)

    async def flush(self) -> None:
        """Send what was held of a read, now that all of it was judged."""
        if self._coded is not None and not self.lost:
            await self._put(self._coded.take)

    def pass_now(self, frames: Iterable[Frame], stream: Stream) -> None:
        """Send events on without waiting, in the bytes in which they came. Only while ready."""
        plain = b"".join([frame.raw for frame in frames])
        if stream.coder is not None:
            read = stream.read([])
            if self._coded is not None:
                self._coded.came(read.raw, plain, inside=read.inside)
                self._coded.show(plain)
                plain = self._coded.take()
        self._wire.send_now(plain)

    async def pass_on(self, frames: Iterable[Frame]) -> None:
        """Send events on that are in no coding; wait while the client is slow."""
        await self._wire.send(b"".join([frame.raw for frame in frames]))

    async def tell(self, data: bytes) -> None:
        """Send what is ours and no part of an answer."""
        await self._wire.keep_alive(data)

    async def send(self, data: bytes, *, ours: bool) -> None:
        """Send bytes of an answer; ``ours`` are in no coding yet."""
        coded = self._coded
        if not self.begun and self._head is not None:
            self.begun = True
            self.status = self._head.status
            self.on_shown()
            await self._wire.start(self._head, data if coded is None else b"")
        elif coded is None:
            await self._wire.send(data)
        if coded is not None and ours:
            await self._put(lambda: coded.add(data))
        elif coded is not None:
            coded.show(data)

    async def _put(self, made: Callable[[], bytes]) -> None:
        """Send what is made in the peer's coding, if it can be made."""
        try:
            data = made()
        except CodingError as error:
            await self._lose(str(error))
        else:
            if data:
                await self._wire.send(data)

    async def _lose(self, why: str) -> None:
        """Break the connection: what is out can neither go on nor be ended honestly."""
        self.lost = True
        self.gave_up = why
        await self._wire.abort()

    async def deliver(self, head: Head, body: bytes) -> None:
        """Send a whole answer."""
        self.status = head.status
        self.whole = self.plain(head, body)
        if not errors.is_error(head.status):
            self.on_shown()
        if self._wire.begun:
            # Headers went out with a keep-alive: what is no stream can only be an error now.
            why = errors.message_of(self.whole) or "the answer is not a stream"
            await self._fail_in_stream(why, errors.type_of(self.whole, head.status))
        else:
            await self._wire.deliver(head, body)

    def plain(self, head: Head, body: bytes) -> bytes:
        """Return a body as text, or nothing where it cannot be decoded."""
        try:
            return self._coder_for(head.coding).decode(body)
        except CodingError:
            return b""  # the client may know better: the bytes go to it as they are

    async def keep_alive(self, *, behind: bool) -> None:
        """Show that we are alive. ``behind``: what was coded has broken off."""
        # Nothing may be put into somebody else's coded stream, nor ahead of it: only behind it.
        if (coded := self._coded) is None:
            await self._wire.keep_alive()
        elif behind:
            await self._put(lambda: coded.add(messages.PING.raw))

    async def finish(self) -> None:
        """End the answer."""
        if (coded := self._coded) is not None:
            await self._put(lambda: coded.take() + coded.finish())
        if not self.lost:
            await self._wire.finish()

    async def give_up(self, end: GiveUp) -> None:
        """Say that there is no answer, or no more of it."""
        self.gave_up = end.why
        if self._wire.begun:
            await self._fail_in_stream(end.why, self._type(end))
            return
        if end.refusal is not None:
            head, body = errors.final(end.refusal)
        else:
            head, body = errors.lasting(end.why) if end.lasting else errors.answer(UNABLE, end.why)
        self.status = head.status
        await self._wire.deliver(head, body)

    def _type(self, end: GiveUp) -> str:
        """Return what kind of error it is for who can be told no status any more."""
        if end.refusal is not None and not self.begun:
            head, body = end.refusal.head, end.refusal.body
            return errors.type_of(self.plain(head, body), head.status)
        return errors.LASTING if end.lasting else errors.kind_of(UNABLE)

    async def _fail_in_stream(self, why: str, kind: str) -> None:
        await self.send(messages.error(why, kind).raw, ours=True)
        if not self.lost:
            await self.finish()
