"""A local model as a candidate: fit, translate, ask, translate back.

The notice of a switch is put in front of the first answer that a session gets from here, and only
goes out with the first content: a local engine that fails before it leaves no trace.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from standby.app.closing import closing
from standby.app.deadlines import SilenceError, timed
from standby.app.local.admission import Admission, Slot, WantedError
from standby.app.local.engines import Engines
from standby.app.local.fitting import Fitting, Ready, TooLong
from standby.app.local.front import Front
from standby.app.local.speeds import Speeds
from standby.app.waiting import Waiting
from standby.core.context.triggers import read_overflow, too_long
from standby.core.dialects.openai_chat.continuing import can_go_on, going_on, in_plain_words
from standby.core.dialects.openai_chat.reply import BrokenReplyError, Reply
from standby.core.dialects.openai_chat.verdicts import no_faults
from standby.core.handback.notice import mark
from standby.core.models import stalls
from standby.core.models.facts import LocalModel
from standby.core.models.speed import Timings
from standby.core.models.tuning import BATCH
from standby.core.request import Request
from standby.core.turns import Priority
from standby.core.usage import Tokens
from standby.core.wire import errors
from standby.core.wire.asked import Asked
from standby.core.wire.assemble import assemble
from standby.core.wire.headers import SERVED_BY, SHORTENED, Head
from standby.core.wire.json import JSON
from standby.core.wire.sse import Frame
from standby.ports import AnswererError, Dice, EngineError, Schemas

__all__ = ["Local", "LocalDeadlines"]

log = logging.getLogger(__name__)

# Each time it has read a part of its prompt for nothing, and the server may have to begin anew.
_TIMES_SENT_AWAY: Final = 2
_ITS_OWN_BUSINESS: Final = range(400, 500)
_GONE: Final = 404
# By these a server says that the request is wrong for its model, and not that it is busy or away.
_WRONG: Final = frozenset({400, 413, 415, 422})
_UNKNOWN_WINDOW: Final = "the server may cut what does not fit: its window is not known"


@dataclass(frozen=True, slots=True)
class LocalDeadlines:
    """How long a local engine is waited for, in seconds."""

    first_byte_s: float = 1800.0
    """A cold prompt of 16,000 tokens takes minutes without a GPU (measured: 250 to 310 s, with the
    smallest of models)."""
    idle_s: float = 120.0


class Local:
    """One local model, as a candidate for one request."""

    def __init__(
        self,
        engines: Engines,
        admission: Admission,
        model: LocalModel | None,
        asked: Asked,
        dice: Dice,
        deadlines: LocalDeadlines,
        notice: Callable[[LocalModel], str] = lambda _: "",
        fitting: Fitting | None = None,
        noted: Callable[[tuple[str, ...]], None] = lambda _: None,
        schemas: Schemas | None = None,
        *,
        session: str = "",
        priority: Priority = Priority.MAIN,
        waiting: Waiting | None = None,
        speeds: Speeds | None = None,
        has_read: Callable[[LocalModel, int | None], None] = lambda _, __: None,
        marked: bool = False,
    ) -> None:
        """Take ``None`` for the model that is there when the answer is asked for.

        ``session`` is the conversation that the request goes on with, as far as is known.
        ``waiting`` is told what the request waits for, ``speeds`` what it took, and ``has_read``
        how many tokens of the prompt the engine has read by its end; ``None``: all. ``marked``: an
        answer in text alone carries our mark, too, in a block that says who it is by.
        """
        self._engines = engines
        self._admission = admission
        self._session = session
        self._priority = priority
        self._waiting = waiting or Waiting(admission.clock, dice)
        self._speeds = speeds or Speeds()
        self._has_read = has_read
        self._wanted = model
        self._moved = False
        self._asked = asked
        self._dice = dice
        self._deadlines = deadlines
        self._notice = notice
        """Says what goes in front, when the first content is there; an empty string for nothing."""
        self._fitting = fitting or Fitting(engines)
        self._noted = noted
        """Is told what of the request the model does not get, before it is asked."""
        self._faults = no_faults if schemas is None else schemas.faults
        self._sent: Ready | None = None
        self._speaks = False
        self._first_at = 0.0
        self._marked = marked
        self._said = ""
        """What the client has of the answer already, in somebody else's words."""

    async def answer(self, request: Request, said: str) -> AsyncIterator[Head | bytes]:
        """Yield a Messages answer, streamed or whole as it was asked for."""
        model = self._wanted or await self._engines.would_take_over()
        if model is None:
            raise AnswererError("no local model is there: `standby doctor` says what to do")
        if said and not can_go_on(model):
            raise AnswererError(f"{model.key} does not continue an answer")
        self._said = said
        begun = False
        try:
            async with closing(self._answer(model)) as items:
                async for item in items:
                    begun = True
                    yield item
        except EngineError as error:
            if not begun and (overflow := read_overflow(error.body)) is not None:
                for item in self._refusal(model, too_long(*overflow)):
                    yield item
                return
            if not error.status:
                await self._engines.silent(model)
            self._engines.failed(model, refused=error.status in _ITS_OWN_BUSINESS)
            other = await self._instead(model) if error.status == _GONE and not begun else None
            if other is None:
                # Said before a word of the answer: it will say the same of the same request.
                lasting = error.status in _WRONG and not begun
                raise AnswererError(f"{model.engine}: {error}", lasting=lasting) from error
            log.warning("%s is not there any more: %s answers", model.key, other.key)
            self._wanted, self._moved = other, True
            async with closing(self.answer(request, said)) as items:
                async for item in items:
                    yield item
        except (BrokenReplyError, SilenceError) as error:
            if isinstance(error, SilenceError):
                await self._engines.silent(model)
            self._engines.failed(model)
            raise AnswererError(f"{model.engine}: {error}") from error
        finally:
            self._waiting.over()

    async def _instead(self, gone: LocalModel) -> LocalModel | None:
        """Return the model to ask in place of one that its server does not have any more.

        Somebody has loaded another one there, in the middle of a conversation. Once for an answer.
        """
        if self._moved:
            return None
        other = await self._engines.would_take_over()
        return None if other is None or other.key == gone.key else other

    async def _answer(self, model: LocalModel) -> AsyncIterator[Head | bytes]:
        # A client that did not ask for thinking cannot be shown a block of it.
        shows = self._asked.thinks and self._asked.stream and not self._said
        self._waiting.begins(model, shows=shows)
        model = await self._engines.ready(model)
        begun = False
        try:
            async with closing(self._attempt(model)) as items:
                async for item in items:
                    begun = True
                    yield item
        except EngineError as error:
            overflow = None if begun else read_overflow(error.body)
            if overflow is None:
                raise
        else:
            return
        # The server knows better than it said, or than we measured: once more, by its own numbers.
        async with closing(self._attempt(self._corrected(model, *overflow))) as items:
            async for item in items:
                yield item

    async def _attempt(self, model: LocalModel) -> AsyncIterator[Head | bytes]:
        asked = going_on(self._asked, self._said)
        ready = await self._fitting.prepared(asked, model)
        if isinstance(ready, TooLong):
            for part in self._refusal(model, too_long(ready.tokens, ready.maximum)):
                yield part
            return
        if self._said and not (can_go_on(model) and in_plain_words(ready.chat.plan)):
            raise AnswererError(f"{model.key} cannot continue this answer")
        self._sent = ready
        self._noted(_notes(ready, model))
        self._waiting.measured(ready.tokens)
        # Not before: what makes a request ready may ask this engine itself, to describe an image.
        turn = self._admission.turn(self._session, self._priority)
        for sent_away in count():
            try:
                async with self._admission.slot(model, turn, self._waiting.queued) as slot:
                    if sent_away >= _TIMES_SENT_AWAY:
                        slot.stay()
                    async with closing(self._at_work(model, ready, slot)) as items:
                        async for item in items:
                            yield item
            except WantedError:
                log.info("a %s turn on %s makes room", turn.priority.name.lower(), model.engine)
            else:
                return

    async def _at_work(
        self, model: LocalModel, ready: Ready, slot: Slot
    ) -> AsyncIterator[Head | bytes]:
        """Ask an engine of which a slot is held. Raise :class:`WantedError` to give it back."""
        asked_at = self._admission.clock.ticks()
        cached = self._speeds.cached(model, self._session)
        self._waiting.seated(self._speeds.expected(model, ready.tokens, cached))
        reply = Reply(
            *(ready.chat.plan, f"local/{model.id}", self._dice.mint, ready.tokens),
            faults=self._faults,
            may_retry=True,
            goes_on=bool(self._said),
        )
        body = _pinned(ready.chat.body, slot)
        try:
            async with aclosing(self._frames(model, body, reply, slot)) as batches:
                told = self._streamed if self._asked.stream else self._whole
                async with closing(told(model, batches)) as items:
                    async for item in items:
                        yield item
        finally:
            # Whoever gets the slot next has to know it: else the prompt would be read anew.
            if self._speaks or reply.progress is not None:
                read = reply.progress.processed if reply.progress is not None else 0
                self._has_read(model, None if self._speaks else read)
        usage = reply.usage
        slot.fills(usage.input + usage.cache_read + usage.output)
        self._engines.served(model)
        self._fitting.learned(model, ready, reply.usage)
        if self._speaks:
            timings = reply.timings or self._timings(asked_at, reply.usage, cached)
            self._speeds.learn(model, timings, self._session)

    def _timings(self, asked_at: float, usage: Tokens, cached: int) -> Timings:
        """Return what an answer took by our own clock; ``cached`` where the server does not say."""
        prompt = usage.input + usage.cache_read
        known = min(usage.cache_read or cached, prompt)
        return Timings(
            known,
            prompt - known,
            self._first_at - asked_at,
            usage.output,
            self._admission.clock.ticks() - self._first_at,
        )

    def _corrected(self, model: LocalModel, tokens: int, limit: int) -> LocalModel:
        """Return the model with the window that its server refused by."""
        if self._sent is not None:
            self._fitting.refused(model, self._sent, tokens)
        self._engines.refused_by(model, limit)
        return replace(model, context_tokens=limit)

    async def _streamed(
        self, model: LocalModel, batches: AsyncIterator[list[Frame]]
    ) -> AsyncIterator[Head | bytes]:
        head: Head | None = self._head(model, "text/event-stream; charset=utf-8")
        async for batch in batches:
            if head is not None:
                yield head  # not before: an engine that refuses has no answer to head
                head = None
            yield b"".join(frame.raw for frame in batch)

    async def _whole(
        self, model: LocalModel, batches: AsyncIterator[list[Frame]]
    ) -> AsyncIterator[Head | bytes]:
        message = assemble([frame async for batch in batches for frame in batch])
        if message is None:
            raise BrokenReplyError("the answer is not whole")
        yield self._head(model, "application/json")
        yield message

    async def _frames(
        self, model: LocalModel, body: Mapping[str, JSON], reply: Reply, slot: Slot
    ) -> AsyncGenerator[list[Frame], None]:
        front = Front(
            lambda: "" if self._said else self._notice(model),
            mark(model.title) if self._marked and not self._said else "",
        )
        async with aclosing(self._round(model, body, reply, slot)) as batches:
            async for batch in batches:
                yield front.put(batch)
        if (again := reply.again(body)) is None:
            return
        # A call that could not be used is asked for once more; of that, nothing was shown.
        try:
            async with aclosing(self._round(model, again, reply, slot)) as batches:
                async for batch in batches:
                    yield front.put(batch)
        except (BrokenReplyError, EngineError, SilenceError) as error:
            log.info("the second try for a tool call failed: %s", error)
            yield front.put(reply.give_up())

    async def _round(
        self, model: LocalModel, body: Mapping[str, JSON], reply: Reply, slot: Slot
    ) -> AsyncGenerator[list[Frame], None]:
        """Ask the engine; yield what comes back, as it comes."""
        wait = self._engines.watch.wait(model, self._patience_s(model))
        stream = timed(
            wait.over(self._engines.engine_of(model).chat(model, body)),
            first_s=self._deadlines.first_byte_s,
            idle_s=self._deadlines.idle_s,
        )
        async with aclosing(_until_wanted(stream, slot)) as reads:
            async for data in reads:
                batch = reply.receive(data)
                # Some servers tell in comments how far they are. The same one again says nothing.
                wait.saw((reply.signs, data if data.startswith(b":") else b""))
                if self._waiting.active:
                    self._waiting.reads(reply.progress)
                if reply.speaks and not self._speaks:
                    self._speaks = True
                    self._first_at = self._admission.clock.ticks()
                    slot.stay()  # it would have to say all that again
                    self._waiting.over()
                if batch:
                    yield batch
        if batch := reply.end():
            yield batch

    def _patience_s(self, model: LocalModel) -> float:
        """Return how long the engine may work without a sign that it gets on."""
        tokens = self._sent.tokens if self._sent is not None else 0
        # At the end of the prompt, where a token costs most; and a batch may be another's, too.
        start = max(tokens - BATCH, 0)
        reading_s = self._speeds.expected(model, start + BATCH, start)
        patience_s = stalls.patience_s(BATCH, reading_s)
        if self._engines.are_ours(model):
            return patience_s
        # Who else asks a server of somebody else, nobody knows.
        return max(patience_s, self._deadlines.first_byte_s)

    def _head(self, model: LocalModel, content_type: str, status: int = 200) -> Head:
        lines: tuple[tuple[str, str], ...] = (
            ("Content-Type", content_type),
            ("request-id", self._dice.mint("req_sb", 20)),
            (SERVED_BY, f"local; model={model.key}"),
        )
        if self._sent is not None and self._sent.steps:
            lines = (*lines, (SHORTENED, "; ".join(self._sent.steps)))
        return Head(status, lines)

    def _refusal(self, model: LocalModel, why: str) -> tuple[Head, bytes]:
        return self._head(model, "application/json", 400), errors.body(400, why)


def _pinned(body: Mapping[str, JSON], slot: Slot) -> Mapping[str, JSON]:
    """Return a request that names its slot, where it can."""
    return body if slot.number is None else {**body, "id_slot": slot.number}


def _notes(ready: Ready, model: LocalModel) -> tuple[str, ...]:
    """Return what the model does not get of a request, in words."""
    lost = tuple(f"lost: {what}" for what in ready.chat.losses)
    blind = model.truncates and model.context_tokens is None
    return (*ready.steps, *lost, *((_UNKNOWN_WINDOW,) if blind else ()))


async def _until_wanted(
    items: AsyncGenerator[bytes, None], slot: Slot
) -> AsyncGenerator[bytes, None]:
    """Yield what comes, until somebody wants the slot who goes first; not once it is kept."""
    async with aclosing(items):
        while not slot.stays:
            try:
                with slot.leaving():
                    item = await anext(items)
            except StopAsyncIteration:
                return
            yield item
        async for item in items:
            yield item
