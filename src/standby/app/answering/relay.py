"""Run one exchange against the real world: the only loop that turns commands into I/O.

It knows nothing of quota or models: who may be asked is decided before, and what a refusal means is
the business of the answerer that met it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Final

from standby.app.answering.outlet import Outlet
from standby.app.answering.reads import Inbox, Read, Stream
from standby.app.answering.witness import Witness
from standby.app.closing import closing
from standby.app.deadlines import Deadline
from standby.app.waiting import LOOK_S, Waiting
from standby.core.exchange import (
    Answered,
    Ask,
    Broken,
    Came,
    Command,
    Deliver,
    Ended,
    Event,
    Exchange,
    Failed,
    Finish,
    GiveUp,
    KeepAlive,
    Quiet,
    Send,
    Stage,
    Start,
    Tell,
)
from standby.core.request import Request
from standby.core.wire.headers import Head
from standby.core.wire.json import NotJSONError, loads
from standby.core.wire.sse import Frame, FrameTooLargeError
from standby.ports import Answerer, AnswererError, Coder, CodingError, Wire

__all__ = ["KEEP_ALIVE_S", "Relay"]

# Claude Code says that it is waiting after 20 s of silence, and asks anew after 300 s.
KEEP_ALIVE_S: Final = 15.0
# How long the last bytes after `message_stop` may take. A connection that is read to its end can be
# used again; one that lingers is not worth the wait.
LINGER_S: Final = 0.2
# An answer that is not streamed is held until it is whole.
MAX_WHOLE_BYTES: Final = 64 * 1024 * 1024
_SERVED: Final = 200


class Relay:
    """One exchange, its client, and those who may answer."""

    def __init__(
        self,
        exchange: Exchange,
        answerers: Mapping[str, Answerer],
        wire: Wire,
        coder_for: Callable[[str], Coder],
        keep_alive_s: float | None = KEEP_ALIVE_S,
        waiting: Waiting | None = None,
    ) -> None:
        """Take ``None`` for a client that waits for a whole answer: it can be told nothing else.

        ``waiting`` is where those who may answer note what they wait for.
        """
        self._exchange = exchange
        self._answerers = answerers
        self.out = Outlet(wire, coder_for)
        """What the client got."""
        self._keep_alive_s = keep_alive_s
        self._waiting = waiting
        self._silent_s = 0.0
        self._deadline = Deadline()
        self._inbox = Inbox()
        self._stream = Stream()
        """The answer that is being read."""
        self._idle = False
        """Whether all that was read is out, and nothing but time can have to be said."""
        self.on_broken: Callable[[Broken], None] = lambda _: None
        """Called when an answer stops on its own, before anybody else is asked."""
        self.watched: Callable[[str], Witness | None] = lambda _: None
        """Returns who else is shown the answer of a candidate, as it is read."""
        self._witness: Witness | None = None

    async def run(self, request: Request) -> None:
        """Drive the exchange from its first event to its last command."""
        try:
            ask = await self._perform(self._judge([Start()]))
            while ask is not None:
                self._witness = self.watched(ask.candidate)
                ask = await self._hear(self._answerers[ask.candidate], request, ask.said)
        finally:
            self._deadline.close()

    async def _hear(self, answerer: Answerer, request: Request, said: str) -> Ask | None:
        """Feed one answer to the exchange; return whom to ask next, if anybody."""
        self.out.forget()
        inbox, stream = self._inbox, self._stream = Inbox(), Stream()
        ask: Ask | None = None
        try:
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(answerer, request, said, stream, inbox))
                while ask is None and not self._over:
                    ask = await self._perform(self._judge(await self._next(inbox)))
                self._report()
                if ask is None and not reader.done():
                    await asyncio.wait({reader}, timeout=LINGER_S)
                reader.cancel()
        except asyncio.CancelledError as error:
            # The group's frame holds it (in Python 3.11), and with it all of this exchange.
            raise error.with_traceback(None) from None
        return ask

    @property
    def _over(self) -> bool:
        return self.out.lost or self._exchange.stage is Stage.DONE

    def _report(self) -> None:
        if (broken := self._exchange.broken) is not None:
            self._exchange.broken = None
            self.on_broken(broken)

    async def _next(self, inbox: Inbox) -> list[Event]:
        patience = self._patience
        self._idle = True
        try:
            with self._deadline(patience):
                read = await inbox.get()
        except TimeoutError:
            self._silent_s += patience or 0.0
            return self._silence()
        finally:
            self._idle = False
        self._silent_s = 0.0
        self.out.came(read)
        return read.events

    @property
    def _patience(self) -> float | None:
        if self._exchange.stage is Stage.LAST:
            return LINGER_S
        looks = self._exchange.stage is Stage.HELD and self._waiting is not None
        if self._keep_alive_s is None or not looks:
            return self._keep_alive_s
        return min(LOOK_S, self._keep_alive_s)

    def _silence(self) -> list[Event]:
        """Return what a silence comes to: nothing yet, or what the client is to be told."""
        if self._exchange.stage is Stage.LAST:
            return [Quiet()]
        waiting = self._waiting if self._exchange.stage is Stage.HELD else None
        sign = None if waiting is None or self._keep_alive_s is None else waiting.sign()
        # Once an engine has taken the request, a refusal by status is not to be expected any more.
        begins = waiting is not None and waiting.accepted and not self.out.answering
        if sign is None and not begins and self._silent_s < (self._keep_alive_s or 0.0):
            return []
        self._silent_s = 0.0
        return [Quiet(sign)]

    def _judge(self, events: Iterable[Event]) -> Iterator[Command]:
        for event in events:
            for command in self._exchange.handle(event):
                yield command
                if isinstance(command, Ask):
                    return  # the rest is from somebody who is not listened to any more

    async def _perform(self, commands: Iterable[Command]) -> Ask | None:
        ask: Ask | None = None
        for command in _joined(commands):
            if self.out.lost:
                return None
            match command:
                case Ask():
                    ask = command
                case Send(data, ours):
                    await self.out.send(data, ours=ours)
                case Deliver(head, body):
                    await self.out.deliver(head, body)
                case KeepAlive():
                    await self.out.keep_alive(behind=self._exchange.cut is not None)
                case Tell(data):
                    await self.out.tell(data)
                case Finish():
                    await self.out.finish()
                case GiveUp():
                    await self.out.give_up(command)
        await self.out.flush()
        return ask

    async def _read(
        self, answerer: Answerer, request: Request, said: str, stream: Stream, inbox: Inbox
    ) -> None:
        try:
            await self._take(answerer.answer(request, said), stream, inbox)
        except AnswererError as error:
            await inbox.put(stream.read([Failed(str(error), error.refusal, error.lasting)]))
        except (FrameTooLargeError, CodingError) as error:
            await inbox.put(_unreadable(stream, error))

    async def _take(
        self, answer: AsyncIterator[Head | bytes], stream: Stream, inbox: Inbox
    ) -> None:
        head = Head(502, ())
        streamed = False
        whole = bytearray()
        async with closing(answer) as items:
            async for item in items:
                if isinstance(item, Head):
                    head, streamed = item, item.streamed
                    if streamed:
                        stream.coder = self.out.begins(head)
                elif streamed:
                    if frames := stream.receive(item):
                        if self._witness is not None:
                            self._witness.read(frames)
                        await self._bring(frames, stream, inbox)
                else:
                    whole += item
                    if len(whole) > MAX_WHOLE_BYTES:
                        raise AnswererError(f"the answer has more than {MAX_WHOLE_BYTES} bytes")
        if streamed:
            await inbox.put(stream.read([Ended(stream.rest)]))
        elif head.status == _SERVED and not _is_object(self.out.plain(head, bytes(whole))):
            raise AnswererError("the answer is not a message")
        else:
            if self._witness is not None:
                self._witness.read_whole(bytes(whole))
            await inbox.put(Read([Answered(head, bytes(whole))]))

    def at_once(self, data: bytes) -> bool:
        """Take bytes of the answer that is being read, if nothing else is to be waited for.

        Whoever has them calls it, as they come: no task is woken for what is only passed on.
        """
        inbox, stream = self._inbox, self._stream
        if not (self._idle and inbox.empty and self.out.ready and self._witness is None):
            return False
        try:
            frames = stream.receive(data)
        except (FrameTooLargeError, CodingError) as error:
            inbox.put_now(_unreadable(stream, error))
            return True
        if frames and self._exchange.passed(frames):
            self._silent_s = 0.0
            self._deadline.renew()
            self.out.pass_now(frames, stream)
        elif frames:
            inbox.put_now(stream.read([Came(frame) for frame in frames]))
        return True

    async def _bring(self, frames: list[Frame], stream: Stream, inbox: Inbox) -> None:
        if self._flows(stream, inbox) and self._exchange.passed(frames):
            await self._pass(frames)
        else:
            await inbox.put(stream.read([Came(frame) for frame in frames]))

    def _flows(self, stream: Stream, inbox: Inbox) -> bool:
        """Whether what comes now may go out from here: none of it lies elsewhere, nor is coded."""
        return self._idle and self.out.begun and stream.coder is None and inbox.empty

    async def _pass(self, frames: list[Frame]) -> None:
        """Send frames on at once: waking another task for each took as long as all the rest."""
        self._silent_s = 0.0
        self._deadline.pause()  # a client that is slow to take this knows that we are alive
        await self.out.pass_on(frames)
        self._deadline.renew()


def _is_object(plain: bytes) -> bool:
    """Tell whether an answer can be read at all: empty, cut and coded beyond measure, it cannot."""
    try:
        return isinstance(loads(plain), dict)
    except NotJSONError:
        return False


def _unreadable(stream: Stream, error: FrameTooLargeError | CodingError) -> Read:
    return stream.read([Failed(f"the answer cannot be read: {error}")])


def _joined(commands: Iterable[Command]) -> Iterator[Command]:
    """Join what is sent in a row into one write."""
    row: list[bytes] = []
    ours = False
    for command in commands:
        if row and not (isinstance(command, Send) and command.ours is ours):
            yield Send(b"".join(row), ours)
            row = []
        if isinstance(command, Send):
            ours = command.ours
            row.append(command.data)
        else:
            yield command
    if row:
        yield Send(b"".join(row), ours)
