"""One Message out of the frames of its stream, for a client that did not ask for a stream.

What comes out equals what the official SDK accumulates from the same frames.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.core.wire.sse import Frame

__all__ = ["assemble"]


@dataclass(slots=True)
class _Draft:
    """A message while its frames come in."""

    message: dict[str, JSON] | None = None
    blocks: dict[int, dict[str, JSON]] = field(default_factory=dict[int, dict[str, JSON]])
    inputs: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    settled: bool = False
    broke: bool = False

    def take(self, name: str, value: JSON) -> None:
        """Take in one frame; what is not known changes nothing."""
        match name, value:
            case "message_start", {"message": dict(message)}:
                self.message = dict(message)
            case "content_block_start", {"index": int(index), "content_block": dict(block)}:
                self.blocks[index] = dict(block)
            case "content_block_delta", {"index": int(index), "delta": delta}:
                self._grow(index, delta)
            case "message_delta", _:
                self._settle(value)
            case "error", _:
                self.broke = True
            case _:
                pass

    def _grow(self, index: int, delta: JSON) -> None:
        block = self.blocks.get(index)
        if block is None:
            return
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                block["text"] = _text(block.get("text")) + text
            case {"type": "thinking_delta", "thinking": str(text)}:
                block["thinking"] = _text(block.get("thinking")) + text
            case {"type": "signature_delta", "signature": str(signature)}:
                block["signature"] = signature
            case {"type": "input_json_delta", "partial_json": str(part)}:
                self.inputs.setdefault(index, []).append(part)
            case {"type": "citations_delta", "citation": citation}:
                cited = block.get("citations")
                block["citations"] = [*(cited if isinstance(cited, list) else []), citation]
            case {"type": "compaction_delta", "content": summary, "encrypted_content": sealed}:
                block.update(content=summary, encrypted_content=sealed)
            case _:
                pass

    def _settle(self, value: JSON) -> None:
        if self.message is None or not isinstance(value, dict):
            return
        self.settled = True
        match value.get("delta"):
            case dict(delta):
                said = {"stop_reason": None, "stop_sequence": None, **delta}
                # A container that is not named again stays the one of the start.
                self.message.update({k: v for k, v in said.items() if k != "container" or v})
            case _:
                pass
        for name in ("context_management", "input_transformations"):
            if value.get(name) is not None:
                self.message[name] = value[name]
        match value.get("usage"):
            case dict(counts):
                usage = self.message.get("usage")
                known = usage if isinstance(usage, dict) else {}
                # Cumulative: a count that is repeated replaces, one that is left out survives.
                self.message["usage"] = {
                    **known,
                    **{k: v for k, v in counts.items() if v is not None},
                }
            case _:
                pass

    def whole(self) -> dict[str, JSON] | None:
        """Return the message, if nothing of it is missing."""
        if self.message is None or self.broke or not self.settled:
            return None
        content: list[JSON] = []
        for index in sorted(self.blocks):
            block = self.blocks[index]
            if given := "".join(self.inputs.get(index, [])):
                block["input"] = _input(given)
            content.append(block)
        return {**self.message, "content": content}


def assemble(frames: Iterable[Frame]) -> bytes | None:
    """Return the Message as JSON; ``None`` when the stream was no whole answer.

    Whole is what has a ``message_start`` and a ``message_delta``, and no ``error``.
    """
    draft = _Draft()
    for frame in frames:
        draft.take(frame.name, _value(frame.data))
    message = draft.whole()
    return None if message is None else dumps(message)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def _value(data: str) -> JSON:
    try:
        return loads(data)
    except NotJSONError:
        return None


def _input(data: str) -> JSON:
    """Return a tool's input. One that is no JSON is wrapped, the way Claude Code hands it back."""
    try:
        return loads(data)
    except NotJSONError:
        return {"__unparsedToolInput": {"raw": data, "len": len(data)}}
