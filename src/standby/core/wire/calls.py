"""The calls of tools in an answer, gathered from its frames as they go by."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from standby.core.wire.json import JSON, NotJSONError, loads
from standby.core.wire.sse import Frame

__all__ = ["Calls", "calls_of"]


@dataclass(slots=True)
class Calls:
    """What of an answer is a call. Nothing else of it is kept."""

    _names: dict[int, str] = field(default_factory=dict[int, str])
    _inputs: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def take(self, frame: Frame) -> None:
        """Take in a frame; most of them change nothing."""
        match frame.name:
            case "content_block_start" if "tool_use" in frame.data:
                self._begin(_value(frame.data))
            case "content_block_delta" if self._names and "input_json_delta" in frame.data:
                self._go_on(_value(frame.data))
            case _:
                pass

    def made(self) -> Iterator[tuple[str, JSON]]:
        """Yield each call: the tool and its input; ``None`` for one that cannot be read."""
        for index, name in self._names.items():
            yield name, _value("".join(self._inputs.get(index, [])) or "{}")

    def _begin(self, value: JSON) -> None:
        match value:
            case {"index": int(index), "content_block": {"type": "tool_use", "name": str(name)}}:
                self._names[index] = name
            case _:
                pass

    def _go_on(self, value: JSON) -> None:
        match value:
            case {"index": int(index), "delta": {"partial_json": str(part)}}:
                self._inputs.setdefault(index, []).append(part)
            case _:
                pass


def calls_of(message: bytes) -> Iterator[tuple[str, JSON]]:
    """Yield the calls in an answer that is not streamed."""
    match _value(message):
        case {"type": "message", "content": list(blocks)}:
            pass
        case _:
            return
    for block in blocks:
        match block:
            case {"type": "tool_use", "name": str(name), "input": given}:
                yield name, given
            case _:
                pass


def _value(data: str | bytes) -> JSON:
    try:
        return loads(data)
    except NotJSONError:
        return None
