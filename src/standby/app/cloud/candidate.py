"""The cloud as a candidate: a clean conversation goes out, its answer comes back to the byte.

What a refusal means for the account is decided by :class:`standby.app.cloud.accounts.Accounts`;
here is only what follows for this one request: wait a little and ask again, pass on, or leave it
to others.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from standby.app.closing import closing
from standby.app.cloud.accounts import Accounts
from standby.app.cloud.budget import Retries
from standby.app.deadlines import Deadline, SilenceError, timed
from standby.core.handback.clean import clean
from standby.core.quota.reply import Reply
from standby.core.quota.signals import (
    LONG_WAIT,
    Billing,
    Exhausted,
    Overloaded,
    Served,
    Signal,
    Throttled,
)
from standby.core.request import Account, Request
from standby.core.wire import errors, messages
from standby.core.wire.errors import Refusal
from standby.core.wire.headers import SERVED_BY, Head, end_to_end
from standby.core.wire.messages import Began, Broke, Framing
from standby.core.wire.sse import Decoder, FrameTooLargeError
from standby.ports import (
    AnswererError,
    AtOnce,
    Clock,
    Coder,
    CodingError,
    Fingerprints,
    Upstream,
    UpstreamError,
)

__all__ = ["Cloud", "CloudDeadlines", "Line", "labelled"]

# Enough for any error body; the rest of a longer one says nothing that we act on.
MAX_ERROR_BYTES: Final = 1024 * 1024
# A beginning without content that is longer is left to whoever reads on.
_MAX_OPENING_BYTES: Final = 32 * 1024
# One short pause where the cloud names no time: most overloads pass within it.
QUICK_S: Final = 0.5
_LABEL: Final = frozenset({SERVED_BY})
# The names of the event that shows an answer, and of the one that takes it back.
_OPENED: Final = b"content_block_start"
_COMPLAINT: Final = b"error"
_SUCCESS: Final = range(200, 300)
_ERRORS: Final = range(400, 600)
_ANSWERS: Final = ("text/event-stream", "application/json")
_OF_THE_CREDENTIAL: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class CloudDeadlines:
    """How long the cloud is waited for, in seconds."""

    burst_wait_s: float = 5.0
    """The longest pause that a request makes for a short throttle before a local model answers."""
    first_byte_s: float = 60.0
    """To the head of a streamed answer."""
    whole_s: float = 600.0
    """To the head of an answer that is not streamed: it comes when the answer is complete."""
    idle_s: float = 120.0
    """Between two reads."""


@dataclass(slots=True)
class Line:
    """The way to the cloud that all requests share."""

    upstream: Upstream
    accounts: Accounts
    fingerprints: Fingerprints
    clock: Clock
    coder_for: Callable[[str], Coder]
    deadlines: CloudDeadlines
    """Replaced when the settings are read again: a request keeps those that it was sent with."""
    retries: Retries = field(default_factory=Retries)

    async def items(
        self, request: Request, *, head_s: float, at_once: AtOnce | None = None
    ) -> AsyncGenerator[Head | bytes, None]:
        """Yield head and body, with a deadline on each wait. Raise :class:`UpstreamError`.

        What ``at_once`` takes of the body is not yielded.
        """
        deadline = Deadline()
        takes = None if at_once is None else deadline.renewed_by(at_once)
        sent = self.upstream.send(request, takes)
        waits = timed(sent, first_s=head_s, idle_s=self.deadlines.idle_s, deadline=deadline)
        try:
            async with aclosing(waits) as items:
                async for item in items:
                    yield item
        except SilenceError as error:
            raise UpstreamError(f"the cloud was silent: {error}") from error

    def plain(self, head: Head, body: bytes) -> bytes:
        """Return a body as text, or nothing where it cannot be decoded."""
        try:
            return self.coder_for(head.coding).decode(body)
        except CodingError:
            return b""


class Cloud:
    """The cloud, as a candidate for one request of one account."""

    def __init__(
        self,
        line: Line,
        account: Account,
        model: str,
        *,
        streamed: bool,
        trying: bool,
        refused: Callable[[Refusal], None] = lambda _: None,
        noting: bool = False,
    ) -> None:
        """``refused`` is told what a client may be shown of a refusal, before others are asked.

        ``noting``: the cloud is told which answers of the conversation are not its own.
        """
        self._noting = noting
        self._line = line
        self._refused = refused
        self._account = account
        self._model = model
        self._head_s = line.deadlines.first_byte_s if streamed else line.deadlines.whole_s
        self._trying = trying
        self.heard_from = False
        """Whether the cloud has said anything; a try that it has not answered is given back."""
        self.vouched = False
        """Whether the cloud has shown that it knows the credential."""
        self.at_once: AtOnce | None = None
        """Offered what comes of the answer, once its beginning has been read."""

    async def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield the cloud's answer to the byte. It cannot go on after somebody else's words."""
        if said:
            raise AnswererError("the cloud does not continue an answer")
        body = clean(request.body, noting=self._noting).body
        cleaned = request if body is request.body else replace(request, body=body)
        self._line.retries.asked(self._line.clock)
        try:
            async with closing(self._ask(cleaned, again=True)) as items:
                async for item in items:
                    yield item
        except UpstreamError as error:
            self._broke(str(error))
            raise AnswererError(str(error)) from error

    def broken(self, complaint: str | None) -> None:
        """Note that a stream of the cloud ended too soon, or with an error event of these data."""
        if complaint is None:
            self._broke("the answer broke off")
        else:
            self._complained(complaint)

    def _complained(self, complaint: str) -> Signal | None:
        """Note an error event inside a 200, by its data."""
        return self._heard(Reply(status=200, body=complaint.encode(), model=self._model))

    def _broke(self, why: str) -> None:
        self._heard(Reply(status=0, model=self._model, broke=why))

    async def _ask(self, request: Request, *, again: bool) -> AsyncIterator[Head | bytes]:
        sent = self._line.items(request, head_s=self._head_s, at_once=self.at_once)
        async with aclosing(sent) as items:
            head = await anext(items, None)
            if not isinstance(head, Head):
                raise UpstreamError("the cloud sent no head")
            if head.status in _SUCCESS and self._is_answer(head):
                self._welcome(head)
                opening = await self._opening(head, items)
                if opening.complaint is None:
                    yield labelled(head)
                    for read in opening.reads:
                        yield read
                    async for item in items:
                        yield item
                    return
                refusal, words = None, opening.words
                signal = self._complained(opening.complaint)
            else:
                refusal = Refusal(head, await _gathered(items))
                signal, words = self._judge(refusal), self._words(refusal)
        if signal is None and refusal is not None:
            yield labelled(head)
            yield refusal.body
        elif again and (pause := self._pause(signal)) is not None and self._may_retry():
            await asyncio.sleep(pause)
            async with closing(self._ask(request, again=False)) as later:
                async for item in later:
                    yield item
        else:
            shown = None if refusal is None else _presentable(refusal)
            if shown is not None:
                self._refused(shown)
            raise AnswererError(words, shown)

    async def _opening(self, head: Head, items: AsyncIterator[Head | bytes]) -> "_Opening":
        """Return the beginning of an answer: a stream may be a refusal until its first block."""
        opening = _Opening(self._line.coder_for(head.coding), streamed=head.streamed)
        while not opening.seen and isinstance(item := await anext(items, None), bytes):
            opening.receive(item)
        return opening

    def _is_answer(self, head: Head) -> bool:
        # A captive portal or a proxy's page is no answer, whatever its status.
        return head.media_type in _ANSWERS

    def _welcome(self, head: Head) -> None:
        self._vouch()
        self._heard(Reply(head.status, head.headers, b"", self._model))

    def _judge(self, refusal: Refusal) -> Signal | None:
        """Return what a refusal means; ``None``: it is the client's own business."""
        head = refusal.head
        if head.status in _OF_THE_CREDENTIAL:
            self._line.fingerprints.rejected(self._account)
        if head.status not in _ERRORS:
            # No redirect is followed, nor handed to a client that would follow it with the prompt.
            why = f"the cloud's door answered {head.status}"
            return self._heard(Reply(status=0, model=self._model, broke=why))
        plain = self._line.plain(head, refusal.body)
        signal = self._heard(Reply(head.status, head.headers, plain, self._model))
        if _knows_account(signal):
            self._vouch()
        return None if isinstance(signal, Served) else signal

    def _vouch(self) -> None:
        self.vouched = True
        self._line.fingerprints.accepted(self._account)

    def _heard(self, reply: Reply) -> Signal | None:
        self.heard_from = True
        return self._line.accounts.heard(self._account, self._model, reply, trying=self._trying)

    def _pause(self, signal: Signal | None) -> float | None:
        """Return how long to wait before the cloud is asked once more; ``None``: it is not."""
        match signal:
            case Throttled(until=float(until)):
                pause = max(until - self._line.clock.now(), 0.0)
                return pause if pause <= self._line.deadlines.burst_wait_s else None
            case Throttled() | Overloaded():
                return min(QUICK_S, self._line.deadlines.burst_wait_s)
            case _:
                return None

    def _may_retry(self) -> bool:
        return self._line.retries.draw(self._line.clock)

    def _words(self, refusal: Refusal) -> str:
        said = errors.message_of(self._line.plain(refusal.head, refusal.body))
        return f"the cloud said {refusal.head.status}" + (f": {said}" if said else "")


class _Opening:
    """The beginning of an answer, read up to where it shows that it is one."""

    def __init__(self, coder: Coder, *, streamed: bool) -> None:
        self._coder = coder
        self._decoder = Decoder()
        self.reads: list[bytes] = []
        """The bytes as they came."""
        self.seen = not streamed
        """It has shown what it is."""
        self.complaint: str | None = None
        """The data of the error event that it is, if it is one."""
        self.words = ""

    def receive(self, data: bytes) -> None:
        """Take in a read. What cannot be decoded is left to whoever reads on."""
        self.reads.append(data)
        if len(self.reads) == 1 and _OPENED in data and _COMPLAINT not in data:
            self.seen = True  # as nearly all begin; whoever reads on decodes it
            return
        try:
            frames = self._decoder.receive_data(self._coder.decode(data))
        except (CodingError, FrameTooLargeError):
            self.seen = True
            return
        for frame in frames:
            match messages.read(frame):
                case Framing() | Began():
                    continue
                case Broke(why):
                    self.complaint, self.words = frame.data, why
                case _:
                    pass
            self.seen = True
            return
        self.seen = sum(map(len, self.reads)) > _MAX_OPENING_BYTES


def labelled(head: Head) -> Head:
    """Return the head of the cloud's answer with the header that says so."""
    return Head(head.status, (*end_to_end(head.headers, less=_LABEL), (SERVED_BY, "cloud")))


def _knows_account(signal: Signal | None) -> bool:
    """Whether a refusal names the account's own limits: it then comes after authentication."""
    match signal:
        case Billing():
            return True
        case Exhausted(claim=claim):
            return claim != LONG_WAIT  # a wait that says nothing else may be anybody's
        case _:
            return False


async def _gathered(items: AsyncIterator[Head | bytes]) -> bytes:
    body = bytearray()
    async for item in items:
        if isinstance(item, bytes):
            body += item
        if len(body) > MAX_ERROR_BYTES:
            break
    return bytes(body)


def _presentable(refusal: Refusal) -> Refusal | None:
    """Return what a client may be shown of a refusal: an error, and no redirect, page or oddity."""
    return refusal if refusal.head.status in _ERRORS else None
