"""What a stream of the Messages API must be, read by somebody who knows nothing of how it is made.

Unknown events and blocks are let through, as clients do. Everything else is held to the order that
the official SDK relies on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.core.wire.sse import Frame

__all__ = ["Block", "Reading", "read"]

_DELTAS: Final = {
    "text": {"text_delta": "text", "citations_delta": ""},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
}
_ANYWHERE: Final = frozenset({"ping", ""})
"""Keep-alives and comments."""

Ended: TypeAlias = Literal["stop", "error", ""]


@dataclass(slots=True)
class Block:
    """One block of an answer, as its events made it."""

    kind: str
    name: str = ""
    """The tool, where it is a call."""
    said: str = ""
    signature: str = ""
    closed: bool = False

    @property
    def input(self) -> JSON:
        """What the tool is given; ``None`` where that is not JSON."""
        try:
            return loads(self.said or "{}")
        except NotJSONError:
            return None


@dataclass(slots=True)
class Reading:
    """A stream as its reader understood it."""

    blocks: list[Block] = field(default_factory=list[Block])
    stop_reason: str = ""
    ended: Ended = ""
    error: str = ""
    """The words of the error event that ended it."""
    problems: list[str] = field(default_factory=list[str])
    """Where it breaks the rules; in the order of the stream."""
    begun: bool = False
    settled: bool = False

    @property
    def text(self) -> str:
        """All plain text."""
        return "".join(block.said for block in self.blocks if block.kind == "text")

    @property
    def calls(self) -> list[Block]:
        """The calls of tools that the stream says are complete."""
        return [block for block in self.blocks if block.kind == "tool_use" and block.closed]

    @property
    def open(self) -> Block | None:
        """The block that is open."""
        return self.blocks[-1] if self.blocks and not self.blocks[-1].closed else None

    def take(self, frame: Frame) -> None:
        """Read one event."""
        if frame.name == "":
            return
        value = _object(frame.data)
        if value is None:
            self.problems.append(f"the data of {frame.name!r} are no JSON object")
        elif value.get("type") != frame.name:
            self.problems.append(f"an event {frame.name!r} says that it is {value.get('type')!r}")
        elif self.ended and frame.name not in _ANYWHERE:
            self.problems.append(f"{frame.name!r} comes after the end")
        else:
            self.problems.extend(self._event(frame.name, value))

    def _event(self, name: str, value: dict[str, JSON]) -> Iterator[str]:
        if name == "error":
            self.ended = "error"
            self.error = _words(value)
            return
        if name.startswith(("content_block", "message_")) and name != "message_start":
            if not self.begun:
                yield f"{name!r} comes before 'message_start'"
            if self.settled and name != "message_stop":
                yield f"{name!r} comes after the reason to stop"
        match name:
            case "message_start":
                yield from self._begin(value)
            case "content_block_start":
                yield from self._open(value)
            case "content_block_delta":
                yield from self._grow(value)
            case "content_block_stop":
                yield from self._close(value)
            case "message_delta":
                yield from self._settle(value)
            case "message_stop":
                yield from self._stop()
            case _:
                pass

    def _begin(self, value: dict[str, JSON]) -> Iterator[str]:
        if self.begun:
            yield "a second 'message_start'"
        self.begun = True
        match value.get("message"):
            case {
                "id": str(),
                "role": "assistant",
                "content": [],
                "stop_reason": None,
                "model": str(),
            }:
                pass
            case _:
                yield "'message_start' has no empty message of the assistant"

    def _open(self, value: dict[str, JSON]) -> Iterator[str]:
        if self.open is not None:
            yield "a block begins inside another"
        if value.get("index") != len(self.blocks):
            yield f"block {value.get('index')!r} comes where {len(self.blocks)} is due"
        match value.get("content_block"):
            case {"type": "tool_use", "id": str(), "name": str(name), "input": {**given}}:
                self.blocks.append(Block("tool_use", name))
                if given:
                    yield "a call begins with its input"
            case {"type": str(kind)}:
                self.blocks.append(Block(kind))
            case _:
                self.blocks.append(Block(""))
                yield "a block without a type"

    def _grow(self, value: dict[str, JSON]) -> Iterator[str]:
        block = self.open
        if block is None or value.get("index") != len(self.blocks) - 1:
            yield "a delta for a block that is not open"
            return
        known = _DELTAS.get(block.kind)
        delta = value.get("delta")
        if known is None or not isinstance(delta, dict):
            return
        of = known.get(str(delta.get("type")))
        piece = delta.get(of) if of else ""
        if of is None:
            yield f"a {delta.get('type')!r} in a block of {block.kind!r}"
        elif not isinstance(piece, str):
            yield f"a {delta.get('type')!r} without its {of!r}"
        elif of == "signature":
            block.signature += piece
        else:
            block.said += piece

    def _close(self, value: dict[str, JSON]) -> Iterator[str]:
        block = self.open
        if block is None or value.get("index") != len(self.blocks) - 1:
            yield "the end of a block that is not open"
            return
        block.closed = True
        if block.kind == "tool_use" and not isinstance(block.input, dict):
            yield "half a call is said to be complete"

    def _settle(self, value: dict[str, JSON]) -> Iterator[str]:
        self.settled = True
        if self.open is not None:
            yield "the reason to stop comes inside a block"
        match value:
            case {"delta": {"stop_reason": str(reason)}, "usage": dict()}:
                self.stop_reason = reason
                if (reason == "tool_use") is not bool(self.calls):
                    yield f"the reason to stop is {reason!r} with {len(self.calls)} calls"
            case _:
                yield "'message_delta' without a reason to stop, or without usage"

    def _stop(self) -> Iterator[str]:
        self.ended = "stop"
        if not self.settled:
            yield "the answer ends without a reason to stop"
        for block in self.blocks:
            if block.kind == "thinking" and not block.signature:
                yield "thinking without a signature in an answer that is said to be whole"


def read(frames: Iterable[Frame]) -> Reading:
    """Return what a stream says, and where it breaks the rules."""
    reading = Reading()
    for frame in frames:
        reading.take(frame)
    return reading


def _object(data: str) -> dict[str, JSON] | None:
    try:
        value = loads(data)
    except NotJSONError:
        return None
    return value if isinstance(value, dict) else None


def _words(value: dict[str, JSON]) -> str:
    match value.get("error"):
        case {"message": str(words)}:
            return words
        case other:
            return dumps(other).decode()
