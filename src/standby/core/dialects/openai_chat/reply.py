"""The stream of a chat completion as the frames of a Message, piece by piece, with no I/O.

Text and thinking go out as they come. Tool calls go out at the end, each of them whole, mended and
held against the tool's schema. What ends the answer is ``[DONE]``, or the end of the stream after a
finish reason; an end without either is a truncation.

A call that cannot be mended is asked for once more, if whoever reads the answer does so
(``may_retry``): when the stream has ended, ``again`` returns the request, and what comes back goes
to ``receive`` and ``end`` like the rest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from standby.core.dialects.openai_chat import chunks, stops
from standby.core.dialects.openai_chat.blocks import Blocks, Kind, begin, settle
from standby.core.dialects.openai_chat.calls import Calls, Gathered
from standby.core.dialects.openai_chat.chunks import BrokenReplyError, Chunk
from standby.core.dialects.openai_chat.in_words import Call, Listener
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.second import Retry, Second, asking_again
from standby.core.dialects.openai_chat.verdicts import (
    Faults,
    Faulty,
    NotOffered,
    Sound,
    Verdict,
    judged,
    no_faults,
)
from standby.core.dialects.written.ear import Ear, Heard
from standby.core.dialects.written.said import Said, Thought, Voiced
from standby.core.dialects.written.watch import Calls as WrittenCalls
from standby.core.handback import marks
from standby.core.models.speed import Progress, Timings
from standby.core.usage import Tokens
from standby.core.wire.errors import message_of
from standby.core.wire.json import JSON
from standby.core.wire.sse import Decoder, Frame, FrameTooLargeError

__all__ = ["BrokenReplyError", "Reply"]

_DONE: Final = "[DONE]"
_NO_ANSWER: Final = "(The local model ended its turn without an answer.)"
_NO_ROOM: Final = "(The local model had used up its output tokens before it came to an answer.)"
_NOT_OFFERED: Final = "(The local model called {}, a tool that it was not offered, with {})"
_FAULTY: Final = (
    "(The local model called {} with arguments that it does not take: {}. Nothing was run.)"
)
_FAULTY_AGAIN: Final = (
    "(The local model called {} with arguments that it does not take: {}. It was asked once more,"
    " in vain. Nothing was run.)"
)
_NO_CALL: Final = "(A tool had to be used here, and the local model used none.)"
_MOST_FAULTS: Final = 5

_KEPT_BYTES: Final = 4096
"""How much of an answer that is no stream is kept, for what it may say."""


class Reply:
    """One reply, as it comes in. Changes in place: it is told of every read of the network.

    ``mint`` makes an id of a prefix and a length; ``input_tokens_hint`` is what the prompt probably
    comes to, for the beginning of the message, where the server has not said it yet. ``faults``
    holds arguments against a tool's schema. With ``may_retry`` the reader asks ``again``. What
    ``goes_on`` after the words of another may be empty.
    """

    def __init__(
        self,
        plan: Plan,
        model_name: str,
        mint: Callable[[str, int], str],
        input_tokens_hint: int = 0,
        *,
        faults: Faults = no_faults,
        may_retry: bool = False,
        goes_on: bool = False,
    ) -> None:
        self._plan = plan
        self._model = model_name
        self._mint = mint
        self._decoder = Decoder()
        self._blocks = Blocks(visible=goes_on)
        self._calls = Calls()
        self._ear = Ear(tuple(plan.tools), plan.opened, loose=not plan.formed)
        self._hearer = Listener(self._ear) if plan.in_words else self._ear
        self._faults = faults
        self._may_retry = may_retry
        self._retry: Retry | None = None
        self._second: Second | None = None
        self._left: Sequence[Verdict] = ()
        """What comes behind the call that is asked for once more."""
        self._begun = self._over = False
        self._finish: str | None = None
        self._stop_sequence: str | None = None
        self._counted: Tokens | None = None
        self._hint = input_tokens_hint
        self._pieces = 0
        self._progress: Progress | None = None
        self._signs = 0
        self._timings: Timings | None = None
        self._stop_reason: str | None = None
        # In words: kept, the error itself would keep all that it came through, and that this.
        self._broken: str | None = None
        self._head = bytearray()
        self._called = False

    @property
    def usage(self) -> Tokens:
        """The tokens: the server's count if it has come, else ours."""
        first = self._counted or Tokens(input=self._prompt_tokens, output=self._pieces)
        if self._second is None:
            return first
        # The conversation is as long as it was; what was said twice was said.
        return replace(first, output=first.output + self._second.output_tokens)

    @property
    def progress(self) -> Progress | None:
        """How far the server has read the prompt, if it says so."""
        return self._progress

    @property
    def signs(self) -> int:
        """How often the server has shown that it gets on: by a token, or by a step of the prompt.

        Those of a second try count. It may send more than that, and stand still.
        """
        return self._signs

    @property
    def timings(self) -> Timings | None:
        """What the answer took, once its end has come, if the server says so."""
        return self._timings

    @property
    def speaks(self) -> bool:
        """Whether the model has begun to write, be it something that is held back."""
        return self._pieces > 0

    @property
    def stop_reason(self) -> str | None:
        """Why the answer stopped, in the words of the Messages API; ``None`` before its end."""
        return self._stop_reason

    @property
    def called(self) -> bool:
        """Whether a tool was called. A client may have demanded it: see ``Plan.must_call``."""
        return self._called

    def again(self, body: Mapping[str, JSON]) -> dict[str, JSON] | None:
        """Return what is to be asked before the answer can end; ``None``: it has ended.

        ``body`` is the request that this is the reply to. Call it after ``end``. If the second
        request fails, say so with ``give_up``.
        """
        if self._over or self._retry is None or self._second is not None:
            return None
        self._second = Second()
        self._decoder = Decoder()
        self._broken = None
        return asking_again(body, self._plan, self._retry)

    def give_up(self) -> list[Frame]:
        """Return the frames that end the answer without what was asked for once more."""
        return [] if self._over else [*self._after_second()]

    def receive(self, data: bytes) -> list[Frame]:
        """Take bytes from the server; return the frames they make.

        Raise :class:`BrokenReplyError` when the answer cannot be used any further; the frames that
        came before it are returned first, and the error is raised by the next call.
        """
        if not self._begun:
            self._head += data[: _KEPT_BYTES - len(self._head)]
        return self._take(data)

    def end(self) -> list[Frame]:
        """Take the end of the stream; return the frames that are left. Raises like ``receive``."""
        # A server may close the connection without the blank line that ends the last event.
        frames = self._take(b"\n\n")
        if self._over or (self._retry is not None and self._second is None):
            return frames
        if self._broken is not None:
            raise BrokenReplyError(self._broken)
        if self._second is not None:
            return [*frames, *self._after_second()]
        if self._finish is None:
            raise BrokenReplyError(self._why_truncated())
        return [*frames, *self._finale()]

    def _take(self, data: bytes) -> list[Frame]:
        if self._broken is not None:
            raise BrokenReplyError(self._broken)
        frames: list[Frame] = []
        try:
            for frame in self._decoder.receive_data(data):
                frames += self._read(frame.data)
        except (BrokenReplyError, FrameTooLargeError) as error:
            self._broken = str(error)
            if not frames:
                raise BrokenReplyError(self._broken) from None
        return frames

    def _read(self, data: str) -> Iterator[Frame]:
        if self._over or not data:
            return
        if self._second is not None:
            if data.strip() == _DONE:
                yield from self._after_second()
            else:
                chunk = chunks.read(data)
                self._signs += chunk.writes
                self._second.take(chunk)
            return
        if self._retry is not None:
            return
        if data.strip() == _DONE:
            if self._finish is None and not self._said_anything():
                raise BrokenReplyError("the local server ended its answer before it began")
            yield from self._finale()
            return
        yield from self._add(chunks.read(data))

    def _add(self, chunk: Chunk) -> Iterator[Frame]:
        self._finish = chunk.finish or self._finish
        self._counted = chunk.tokens or self._counted
        self._signs += chunk.writes or chunk.progress not in {None, self._progress}
        self._progress = chunk.progress or self._progress
        self._timings = chunk.timings or self._timings
        if chunk.stop in self._plan.stops:
            self._stop_sequence = chunk.stop
        self._pieces += chunk.writes
        if chunk.thought:
            self._ear.thinks_apart()
            yield from self._think(chunk.thought)
        yield from self._voice(self._hearer.hear(chunk.text))
        for part in chunk.calls:
            self._calls.take(part)

    def _voice(self, pieces: Sequence[Voiced]) -> Iterator[Frame]:
        for piece in pieces:
            match piece:
                case Said(words):
                    yield from self._say(Kind.TEXT, words)
                case Thought(words):
                    yield from self._think(words)

    def _think(self, words: str) -> Iterator[Frame]:
        if self._plan.thinks:
            yield from self._say(Kind.THINKING, words)

    def _say(self, kind: Kind, words: str) -> Iterator[Frame]:
        for frame in self._blocks.say(kind, words):
            yield from self._begin()
            yield frame

    def _begin(self) -> Iterator[Frame]:
        if self._begun:
            return
        self._begun = True
        self._head.clear()
        at_start = Tokens(input=self._prompt_tokens)
        if self._counted is not None:
            at_start = Tokens(self._counted.input, 0, self._counted.cache_read)
        message_id = self._mint(marks.MESSAGE, marks.ID_LENGTH)
        yield begin(message_id, self._model, at_start)

    def _finale(self) -> Iterator[Frame]:
        """End the message: what was held back, the calls, the reason, the count."""
        cut = stops.was_cut(self._finish or "")
        verdicts: list[Verdict] = []
        match self._hearer.end(cut=cut):
            case Call(name, given):
                verdicts.append(judged(name, given, self._plan, self._faults))
            case Heard(voiced, found):
                yield from self._voice(voiced)
                made = self._calls.finished(cut=cut)
                verdicts += (
                    judged(call.name, call.arguments, self._plan, self._faults) for call in made
                )
                yield from self._take_written(found, verdicts, made)
        yield from self._blocks.close()
        yield from self._act(verdicts)

    def _take_written(
        self, found: WrittenCalls, verdicts: list[Verdict], made: Sequence[Gathered]
    ) -> Iterator[Frame]:
        """Add the calls that were written into the text; say them, if they are none."""
        written = [
            judged(call.name, call.given, self._plan, self._faults, near=found.sure)
            for call in found.calls
        ]
        if not made and (found.sure or all(isinstance(each, Sound) for each in written)):
            verdicts += written
        elif not all(each in verdicts for each in written):  # some servers leave them in both
            yield from self._say(Kind.TEXT, found.text)

    def _act(self, verdicts: Sequence[Verdict]) -> Iterator[Frame]:
        """Show what was called, and end the message; or stop where something is asked again."""
        for place, verdict in enumerate(verdicts):
            match verdict:
                case Sound(name, arguments):
                    yield from self._call(name, arguments)
                case NotOffered(name, said):
                    words = _NOT_OFFERED.format(name or "a tool", said)
                    yield from self._say(Kind.TEXT, words)
                case Faulty(sent, said, faults) if self._may_retry and self._retry is None:
                    self._retry = Retry((sent,), said, _listed(faults))
                    self._left = verdicts[place + 1 :]
                    return
                case Faulty():
                    yield from self._say(Kind.TEXT, self._complaint(verdict))
        if self._plan.must_call and not self._called and self._retry is None:
            if self._may_retry and not self._plan.in_words and self._plan.tools:
                self._retry = Retry(tuple(self._plan.tools), "", "")
                return
            yield from self._say(Kind.TEXT, _NO_CALL)
        yield from self._settle()

    def _after_second(self) -> Iterator[Frame]:
        """Show the call that the second try made, or say that there is none; then the rest."""
        retry, second = self._retry, self._second
        if self._over or retry is None:
            return
        verdict = (Second() if second is None else second).verdict(self._plan, self._faults)
        match verdict:
            case Sound(name, arguments):
                yield from self._call(name, arguments)
            case Faulty() | NotOffered() if not retry.why:
                yield from self._say(Kind.TEXT, _NO_CALL)
            case Faulty() | NotOffered():
                name = self._plan.tools.get(retry.tools[0], retry.tools[0])
                yield from self._say(Kind.TEXT, _FAULTY_AGAIN.format(name, retry.why))
        left, self._left = self._left, ()
        yield from self._act(left)

    def _settle(self) -> Iterator[Frame]:
        cut = stops.was_cut(self._finish or "")
        if not self._blocks.visible:
            yield from self._say(Kind.TEXT, _NO_ROOM if cut else _NO_ANSWER)
        yield from self._begin()
        yield from self._blocks.close()
        self._stop_reason = self._reason(self._finish or "")
        self._over = True
        if self._stop_reason != "stop_sequence":
            self._stop_sequence = None
        yield from settle(self._stop_reason, self._stop_sequence, self.usage)

    def _call(self, name: str, arguments: str) -> Iterator[Frame]:
        yield from self._begin()
        call_id = self._mint(marks.TOOL, marks.ID_LENGTH)
        yield from self._blocks.call(call_id, name, arguments)
        self._called = True

    def _complaint(self, call: Faulty) -> str:
        name = self._plan.tools.get(call.sent, call.sent)
        return _FAULTY.format(name, _listed(call.faults))

    def _reason(self, finish: str) -> str:
        if self._called:
            return "tool_use"
        if self._stop_sequence is not None and not stops.was_cut(finish):
            return "stop_sequence"
        return stops.reason(finish)

    @property
    def _prompt_tokens(self) -> int:
        return self._hint if self._progress is None else self._progress.total

    def _said_anything(self) -> bool:
        return self._pieces > 0

    def _why_truncated(self) -> str:
        if self._said_anything():
            return "the local server's answer broke off"
        words = message_of(bytes(self._head))
        return (
            f"the local server gave no stream: {words}"
            if words
            else ("the local server's answer broke off before it began")
        )


def _listed(faults: Sequence[str]) -> str:
    return "; ".join(faults[:_MOST_FAULTS])
