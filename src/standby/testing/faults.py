"""The ways in which a streamed answer breaks off, by name.

A fault takes the events of a whole answer and returns those that still go out, and how the body
ends. An answer that has no block of the kind a fault looks for breaks behind its first event.
One more fault is one more entry of :data:`FAULTS`.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from standby.core.wire.json import dumps, loads
from standby.core.wire.sse import Frame, encode

__all__ = ["FAULTS", "Broken", "Ending", "Fault"]


class Ending(enum.Enum):
    """How the body of an answer ends."""

    WHOLE = "whole"
    """As HTTP has it: the client sees a complete body."""
    CUT = "cut"
    """The connection closes in the middle of the body."""
    RESET = "reset"
    """The connection is reset."""
    SILENT = "silent"
    """Nothing more comes, and the connection stays."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out of an answer, and how it ends."""

    data: tuple[bytes, ...]
    ending: Ending


Fault: TypeAlias = Callable[[Sequence[Frame]], Broken]


def _inside(kind: str, ending: Ending, *, behind: int = 2, extra: bytes = b"") -> Fault:
    """Break inside the first block whose deltas are of a kind, behind some of them."""

    def fault(frames: Sequence[Frame]) -> Broken:
        found = [at for at, frame in enumerate(frames) if _delta(frame) == kind][:behind]
        kept = [frame.raw for frame in frames[: found[-1] + 1 if found else 1]]
        return Broken((*kept, *([extra] if extra else ())), ending)

    return fault


def _before(name: str, ending: Ending, *, extra: bytes = b"") -> Fault:
    """Break where the first event of a name would have come."""

    def fault(frames: Sequence[Frame]) -> Broken:
        end = next((at for at, frame in enumerate(frames) if frame.name == name), len(frames))
        kept = [frame.raw for frame in frames[:end]]
        return Broken((*kept, *([extra] if extra else ())), ending)

    return fault


def _in_a_frame(frames: Sequence[Frame]) -> Broken:
    """Break in the middle of the bytes of an event."""
    whole = _inside("text_delta", Ending.CUT)(frames).data
    return Broken((*whole[:-1], whole[-1][: len(whole[-1]) // 2]), Ending.CUT)


def _delta(frame: Frame) -> str:
    if frame.name != "content_block_delta":
        return ""
    match loads(frame.data):
        case {"delta": {"type": "input_json_delta", "partial_json": ""}}:
            return ""  # the empty one that opens every call
        case {"delta": {"type": str(kind)}}:
            return kind
        case _:
            return ""


def _error(kind: str, message: str) -> bytes:
    error = dumps({"type": "error", "error": {"type": kind, "message": message}})
    return encode("error", error).raw


_OVERLOADED: Final = _error("overloaded_error", "Overloaded")

FAULTS: Final[Mapping[str, Fault]] = {
    "cut_after_start": _before("content_block_start", Ending.CUT),
    "cut_after_text": _inside("text_delta", Ending.CUT),
    "reset_after_text": _inside("text_delta", Ending.RESET),
    "silent_after_text": _inside("text_delta", Ending.SILENT),
    "cut_in_frame": _in_a_frame,
    "cut_in_thinking": _inside("thinking_delta", Ending.CUT),
    "cut_in_tool": _inside("input_json_delta", Ending.CUT),
    "truncated_after_text": _inside("text_delta", Ending.WHOLE),
    "truncated_in_tool": _inside("input_json_delta", Ending.WHOLE),
    "truncated": _before("message_delta", Ending.WHOLE),
    "no_message_stop": _before("message_stop", Ending.WHOLE),
    "error_after_start": _before("content_block_start", Ending.WHOLE, extra=_OVERLOADED),
    "error_after_text": _inside("text_delta", Ending.WHOLE, extra=_OVERLOADED),
    "error_in_thinking": _inside("thinking_delta", Ending.WHOLE, extra=_OVERLOADED),
    "error_in_tool": _inside("input_json_delta", Ending.WHOLE, extra=_OVERLOADED),
    "error_after_content": _before(
        "message_delta", Ending.WHOLE, extra=_error("api_error", "Internal server error")
    ),
}
"""Every fault by its name."""
