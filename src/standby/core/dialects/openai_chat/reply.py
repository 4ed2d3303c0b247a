"""The stream of a chat completion as the frames of a Message, piece by piece, with no I/O.

Text and thinking go out as they come. Tool calls go out at the end, each of them whole. What ends
the answer is ``[DONE]``, or the end of the stream after a finish reason; an end without either is a
truncation.
"""

from collections.abc import Callable, Iterator
from typing import Final

from standby.core.dialects.openai_chat import chunks, stops
from standby.core.dialects.openai_chat.blocks import Blocks, Kind, begin, settle
from standby.core.dialects.openai_chat.calls import Calls
from standby.core.dialects.openai_chat.chunks import BrokenReplyError, Chunk
from standby.core.dialects.openai_chat.in_words import Call, Listener
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.text import as_json
from standby.core.handback import marks
from standby.core.usage import Tokens
from standby.core.wire.errors import message_of
from standby.core.wire.sse import Decoder, Frame, FrameTooLargeError

__all__ = ["BrokenReplyError", "Reply"]

_DONE: Final = "[DONE]"
_NO_ANSWER: Final = "(The local model ended its turn without an answer.)"
_NO_ROOM: Final = "(The local model had used up its output tokens before it came to an answer.)"
_NOT_OFFERED: Final = "(The local model called {}, a tool that it was not offered, with {})"

_KEPT_BYTES: Final = 4096
"""How much of an answer that is no stream is kept, for what it may say."""


class Reply:
    """One reply, as it comes in. Changes in place: it is told of every read of the network.

    ``mint`` makes an id of a prefix and a length; ``input_tokens_hint`` is what the prompt probably
    comes to, for the beginning of the message, where the server has not said it yet.
    """

    def __init__(
        self,
        plan: Plan,
        model_name: str,
        mint: Callable[[str, int], str],
        input_tokens_hint: int = 0,
    ) -> None:
        self._plan = plan
        self._model = model_name
        self._mint = mint
        self._decoder = Decoder()
        self._blocks = Blocks()
        self._calls = Calls()
        self._listener = Listener()
        self._begun = self._over = False
        self._finish: str | None = None
        self._stop_sequence: str | None = None
        self._counted: Tokens | None = None
        self._hint = input_tokens_hint
        self._pieces = 0
        self._progress: tuple[int, int] | None = None
        self._stop_reason: str | None = None
        self._broken: BrokenReplyError | None = None
        self._head = bytearray()
        self._called = False

    @property
    def usage(self) -> Tokens:
        """The tokens: the server's count if it has come, else ours."""
        return self._counted or Tokens(input=self._prompt_tokens, output=self._pieces)

    @property
    def progress(self) -> tuple[int, int] | None:
        """Tokens of the prompt that the server has read, and all of them; while it says so."""
        return self._progress

    @property
    def stop_reason(self) -> str | None:
        """Why the answer stopped, in the words of the Messages API; ``None`` before its end."""
        return self._stop_reason

    @property
    def called(self) -> bool:
        """Whether a tool was called. A client may have demanded it: see ``Plan.must_call``."""
        return self._called

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
        if self._over:
            return frames
        if self._broken is not None:
            raise self._broken
        if self._finish is None:
            raise BrokenReplyError(self._why_truncated())
        return [*frames, *self._finale()]

    def _take(self, data: bytes) -> list[Frame]:
        if self._broken is not None:
            raise self._broken
        frames: list[Frame] = []
        try:
            for frame in self._decoder.receive_data(data):
                frames += self._read(frame.data)
        except (BrokenReplyError, FrameTooLargeError) as error:
            self._broken = BrokenReplyError(str(error))
            if not frames:
                raise self._broken from None
        return frames

    def _read(self, data: str) -> Iterator[Frame]:
        if self._over or not data:
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
        self._progress = chunk.progress or self._progress
        if chunk.stop in self._plan.stops:
            self._stop_sequence = chunk.stop
        self._pieces += bool(chunk.text or chunk.thought or chunk.calls)
        if self._plan.thinks:
            yield from self._say(Kind.THINKING, chunk.thought)
        text = self._listener.hear(chunk.text) if self._plan.in_words else chunk.text
        yield from self._say(Kind.TEXT, text)
        for part in chunk.calls:
            self._calls.take(part)

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
        finish = self._finish or ""
        cut = stops.was_cut(finish)
        if self._plan.in_words:
            yield from self._conclude(self._listener.end(cut=cut))
        yield from self._blocks.close()
        for call in self._calls.finished(cut=cut):
            yield from self._call(call.name, call.arguments)
        if not self._blocks.visible:
            yield from self._say(Kind.TEXT, _NO_ROOM if cut else _NO_ANSWER)
        yield from self._begin()
        yield from self._blocks.close()
        self._stop_reason = self._reason(finish)
        self._over = True
        if self._stop_reason != "stop_sequence":
            self._stop_sequence = None
        yield from settle(self._stop_reason, self._stop_sequence, self.usage)

    def _conclude(self, heard: Call | str) -> Iterator[Frame]:
        match heard:
            case Call(name, given):
                yield from self._call(name, as_json(given))
            case str(words):
                yield from self._say(Kind.TEXT, words)

    def _call(self, name: str, arguments: str) -> Iterator[Frame]:
        known = self._plan.tools.get(name)
        if known is None:
            yield from self._say(Kind.TEXT, _NOT_OFFERED.format(name or "a tool", arguments))
            return
        yield from self._begin()
        call_id = self._mint(marks.TOOL, marks.ID_LENGTH)
        yield from self._blocks.call(call_id, known, arguments)
        self._called = True

    def _reason(self, finish: str) -> str:
        if self._called:
            return "tool_use"
        if self._stop_sequence is not None and not stops.was_cut(finish):
            return "stop_sequence"
        return stops.reason(finish)

    @property
    def _prompt_tokens(self) -> int:
        return self._hint if self._progress is None else self._progress[1]

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
