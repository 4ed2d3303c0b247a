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

__all__ = ["FAULTS", "PLACES", "Broken", "Ending", "Fault"]


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
_Place: TypeAlias = Callable[[Sequence[Frame]], int]
"""Says how many events of an answer still go out."""


def _behind_deltas(kind: str) -> _Place:
    """Break inside the first block whose deltas are of a kind, behind its second one."""

    def place(frames: Sequence[Frame]) -> int:
        found = [at for at, frame in enumerate(frames) if _delta(frame) == kind][:2]
        return found[-1] + 1 if found else 1

    return place


def _before(name: str) -> _Place:
    """Break where the first event of a name would have come."""
    return lambda frames: next(
        (at for at, frame in enumerate(frames) if frame.name == name), len(frames)
    )


def _behind_call(frames: Sequence[Frame]) -> int:
    """Break where the first call of a tool is complete."""
    begun = _behind_deltas("input_json_delta")(frames)
    ends = (at for at, frame in enumerate(frames) if frame.name == "content_block_stop")
    return next((at + 1 for at in ends if at >= begun > 1), 1)


def _breaks(place: _Place, ending: Ending, extra: bytes = b"") -> Fault:
    def fault(frames: Sequence[Frame]) -> Broken:
        kept = [frame.raw for frame in frames[: place(frames)]]
        return Broken((*kept, *([extra] if extra else ())), ending)

    return fault


def _in_a_frame(frames: Sequence[Frame]) -> Broken:
    """Break in the middle of the bytes of an event."""
    whole = _breaks(_behind_deltas("text_delta"), Ending.CUT)(frames).data
    return Broken((*whole[:-1], whole[-1][: len(whole[-1]) // 2]), Ending.CUT)


def _with(extra: bytes) -> Fault:
    """Put something between two pieces of text, and go on as if nothing were."""

    def fault(frames: Sequence[Frame]) -> Broken:
        at = _behind_deltas("text_delta")(frames)
        raw = [frame.raw for frame in frames]
        return Broken((*raw[:at], extra, *raw[at:]), Ending.WHOLE)

    return fault


def _twice_begun(frames: Sequence[Frame]) -> Broken:
    return Broken(tuple(frame.raw for frame in (frames[0], *frames)), Ending.WHOLE)


def _with_crlf(frames: Sequence[Frame]) -> Broken:
    return Broken(tuple(frame.raw.replace(b"\n", b"\r\n") for frame in frames), Ending.WHOLE)


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

# In the order in which an answer passes them.
PLACES: Final[Mapping[str, _Place]] = {
    "after_headers": lambda _frames: 0,
    "after_start": _before("content_block_start"),
    "in_thinking": _behind_deltas("thinking_delta"),
    "after_text": _behind_deltas("text_delta"),
    "in_tool": _behind_deltas("input_json_delta"),
    "after_tool": _behind_call,
    "after_content": _before("message_delta"),
    "before_stop": _before("message_stop"),
}
"""Where a streamed answer can break."""

_HOWS: Final[Mapping[str, tuple[Ending, bytes]]] = {
    "cut": (Ending.CUT, b""),
    "reset": (Ending.RESET, b""),
    "silent": (Ending.SILENT, b""),
    "truncated": (Ending.WHOLE, b""),
    "error": (Ending.WHOLE, _OVERLOADED),
}

FAULTS: Final[Mapping[str, Fault]] = {
    **{
        f"{how}_{where}": _breaks(place, ending, extra)
        for where, place in PLACES.items()
        for how, (ending, extra) in _HOWS.items()
    },
    "error_after_content": _breaks(
        PLACES["after_content"], Ending.WHOLE, _error("api_error", "Internal server error")
    ),
    "cut_in_frame": _in_a_frame,
    "truncated": _breaks(PLACES["after_content"], Ending.WHOLE),
    "no_message_stop": _breaks(PLACES["before_stop"], Ending.WHOLE),
    "unreadable_event": _with(b'event: content_block_delta\ndata: {"type": "content_blo\n\n'),
    "unknown_event": _with(b'event: weather\ndata: {"type": "weather", "sky": "blue"}\n\n'),
    "comments": _with(b": a comment\n\n: another\n\nid: 7\nretry: 10\n\n"),
    "twice_begun": _twice_begun,
    "crlf": _with_crlf,
}
"""Every fault by its name."""
