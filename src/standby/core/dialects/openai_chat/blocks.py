"""Writes the frames of one Message: one block at a time, none of them empty."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from standby.core.dialects.openai_chat import usage
from standby.core.handback import marks
from standby.core.usage import Tokens
from standby.core.wire import messages, sse
from standby.core.wire.json import JSON, dumps
from standby.core.wire.sse import Frame

__all__ = ["Blocks", "Kind", "begin", "settle"]


class Kind(enum.Enum):
    """What a block of ours holds that comes bit by bit."""

    TEXT = "text"
    THINKING = "thinking"


_EMPTY: Final[dict[Kind, dict[str, JSON]]] = {
    Kind.TEXT: {"type": "text", "text": ""},
    Kind.THINKING: {"type": "thinking", "thinking": "", "signature": ""},
}


@dataclass(slots=True)
class Blocks:
    """The blocks so far. Changes in place: it is told of every piece of an answer."""

    count: int = 0
    """Blocks that were opened."""
    visible: bool = False
    """Some of it is text, or a call: the turn is not empty."""
    _open: Kind | None = None
    _blank: str = ""
    """White space that has come, but nothing to see yet: no block begins with nothing to show."""
    _blank_of: Kind = Kind.TEXT

    def say(self, kind: Kind, words: str) -> Iterator[Frame]:
        """Add words to the open block, or open one for them."""
        if not words:
            return
        if self._open is not kind:
            words = (self._blank if self._blank_of is kind else "") + words
            if not words.strip():
                self._blank, self._blank_of = words, kind
                return
            yield from self.close()
            yield from self._start(_EMPTY[kind])
            self._open = kind
            self.visible = self.visible or kind is Kind.TEXT
        yield self._delta({"type": f"{kind.value}_delta", kind.value: words})

    def call(self, call_id: str, name: str, arguments: str) -> Iterator[Frame]:
        """Add a whole tool call."""
        yield from self.close()
        yield from self._start({"type": "tool_use", "id": call_id, "name": name, "input": {}})
        yield self._delta({"type": "input_json_delta", "partial_json": arguments})
        yield self._stop()
        self.visible = True

    def close(self) -> Iterator[Frame]:
        """End the open block, if there is one. A block of thinking is signed with our mark."""
        self._blank = ""
        match self._open:
            case None:
                return
            case Kind.THINKING:
                yield self._delta({"type": "signature_delta", "signature": marks.REASONING})
            case Kind.TEXT:
                pass
        yield self._stop()

    def _start(self, block: dict[str, JSON]) -> Iterator[Frame]:
        yield _frame("content_block_start", {"index": self.count, "content_block": block})
        self.count += 1

    def _delta(self, delta: JSON) -> Frame:
        return _frame("content_block_delta", {"index": self.count - 1, "delta": delta})

    def _stop(self) -> Frame:
        self._open = None
        return messages.block_stop(self.count - 1)


def begin(message_id: str, model: str, tokens: Tokens) -> Frame:
    """Return the frame that begins a message."""
    message: JSON = {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage.write(tokens),
    }
    return _frame("message_start", {"message": message})


def settle(stop_reason: str, stop_sequence: str | None, tokens: Tokens) -> Iterator[Frame]:
    """Yield the frames that end a message. The usage is repeated whole: now it is known."""
    delta: JSON = {"stop_reason": stop_reason, "stop_sequence": stop_sequence}
    yield _frame("message_delta", {"delta": delta, "usage": usage.write(tokens)})
    yield messages.message_stop()


def _frame(name: str, fields: dict[str, JSON]) -> Frame:
    return sse.encode(name, dumps({"type": name, **fields}))
