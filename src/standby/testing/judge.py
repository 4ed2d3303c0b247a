"""What a client got, and what that means: the judge of the fault kit.

It knows what the fake cloud and the fake engine say, and nothing of the gateway between them.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from standby.core.request import Headers, header
from standby.core.wire.json import JSON, NotJSONError, loads
from standby.core.wire.sse import Decoder, Frame, FrameTooLargeError
from standby.testing.stream_rules import Block, Reading, read

__all__ = ["CLOUD_SAYS", "ENGINE_SAYS", "End", "Expected", "Finding", "Saw", "Transcript", "judge"]

CLOUD_SAYS: Final = "The cloud says: one, two, three, four, five, six, seven, eight, nine, ten."
ENGINE_SAYS: Final = "The stand-in says: red, orange, yellow, green, blue, violet."
_BEGINS: Final = 8
"""Characters of the cloud's words that are enough to know them by."""
_ERRORS: Final = range(400, 600)


class End(enum.Enum):
    """How an answer ended on the client's side."""

    WHOLE = "whole"
    """As HTTP has it."""
    BROKEN = "broken"
    """The connection broke, so that a client notices."""
    HUNG = "hung"
    """It had not ended at the deadline."""
    FLOODED = "flooded"
    """More came than any answer has."""
    NOTHING = "nothing"
    """The connection ended before there was any answer at all."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a client got for one request."""

    streamed: bool
    """Whether a stream was asked for."""
    end: End
    status: int = 0
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    took_s: float = 0.0


class Saw(enum.Enum):
    """What a client's answer came to, in the words of the matrix."""

    CLOUD = "the cloud's answer"
    STAND_IN = "answered whole by the stand-in"
    JOINED = "begun by the cloud, continued by the stand-in as one message"
    VERBATIM = "the cloud's own error, to the byte"
    REFUSED = "an error in the API's shape"
    CLOSED = "closed honestly, with an error event"
    BROKEN = "broken connection"
    UNMADE = "no answer at all"
    SILENT = "silent end"
    HUNG = "hangs"
    DAMAGED = "damaged answer"
    FOREIGN = "something that is no answer of the API"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the judge must know of a request."""

    tools: frozenset[str] = frozenset()
    """The tools that it offered."""
    refusal: tuple[int, bytes] | None = None
    """The cloud's refusal of it, as the cloud said it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen, and the particulars for a person."""

    saw: Saw
    words: str = ""


def judge(got: Transcript, expected: Expected) -> Finding:
    """Say what a client got."""
    match got.end:
        case End.NOTHING:
            return Finding(Saw.UNMADE, "the connection ended before the head of an answer")
        case End.HUNG:
            return Finding(Saw.HUNG, f"not ended after {got.took_s:.0f} s")
        case End.FLOODED:
            return Finding(Saw.DAMAGED, f"more than {len(got.body) // 1_048_576} MiB and no end")
        case End.WHOLE | End.BROKEN:
            pass
    if coding := header(got.headers, "content-encoding"):
        return Finding(Saw.FOREIGN, f"the body is in {coding!r}, which was not asked for")
    kind = header(got.headers, "content-type") or "no content type"
    if got.status in _ERRORS:
        return _error(got, expected, kind)
    if got.status != 200:  # noqa: PLR2004 - the one that means an answer
        return Finding(Saw.FOREIGN, f"status {got.status}")
    if kind.startswith("text/event-stream"):
        return _stream(got, expected)
    if kind.startswith("application/json"):
        return _whole(got, expected)
    return Finding(Saw.FOREIGN, f"status 200 with {kind}")


def _error(got: Transcript, expected: Expected, kind: str) -> Finding:
    said = f"{got.status}"
    if (got.status, got.body) == expected.refusal and got.end is End.WHOLE:
        return Finding(Saw.VERBATIM, said)
    if got.end is End.BROKEN:
        return Finding(Saw.BROKEN, f"status {got.status}, then the connection broke")
    match _json(got.body):
        case {"type": "error", "error": {"type": str(name), "message": str(words)}} if (
            kind.startswith("application/json")
        ):
            return Finding(Saw.REFUSED, f"{said} {name}: {words}")
        case _:
            return Finding(Saw.FOREIGN, f"status {got.status} with {kind}, not an error of the API")


def _whole(got: Transcript, expected: Expected) -> Finding:
    if got.end is End.BROKEN:
        return Finding(Saw.BROKEN, "the connection broke inside an answer that is not streamed")
    match _json(got.body):
        case {
            "type": "message",
            "role": "assistant",
            "id": str(),
            "content": list(content),
            "stop_reason": str(reason),
            "usage": dict(),
        }:
            reading = Reading(_blocks(content), reason, "stop")
        case _:
            return Finding(Saw.DAMAGED, "status 200 with a body that is no message")
    if got.streamed:
        return Finding(Saw.FOREIGN, "a stream was asked for, and a whole message came")
    return _answer(reading, expected)


def _stream(got: Transcript, expected: Expected) -> Finding:
    decoder = Decoder()
    try:
        frames: Sequence[Frame] = decoder.receive_data(got.body)
    except FrameTooLargeError:
        return Finding(Saw.DAMAGED, "an event has no end")
    reading = read(frames)
    if not got.streamed:
        return Finding(Saw.FOREIGN, "no stream was asked for, and a stream came")
    if reading.problems:
        return Finding(Saw.DAMAGED, "; ".join(dict.fromkeys(reading.problems[:3])))
    match reading.ended:
        case "stop":
            if decoder.rest.strip():
                return Finding(Saw.DAMAGED, "half an event follows the end")
            return _answer(reading, expected)
        case "error":
            return _closed(reading)
        case "":
            where = _where(reading)
            if got.end is End.BROKEN:
                return Finding(Saw.BROKEN, where)
            return Finding(Saw.SILENT, f"the stream ends {where} as if it were whole")


def _closed(reading: Reading) -> Finding:
    return Finding(Saw.CLOSED, f"{_where(reading)}: {reading.error}")


def _where(reading: Reading) -> str:
    if not any(block.said for block in reading.blocks):
        return "before any content"
    block = reading.blocks[-1]
    names = {"text": "text", "thinking": "thinking", "tool_use": "a call"}
    return f"after {names.get(block.kind, 'a block')}"


def _answer(reading: Reading, expected: Expected) -> Finding:
    """Say whose answer it is, when it is whole and in order."""
    for call in reading.calls:
        if call.name not in expected.tools:
            return Finding(Saw.DAMAGED, f"a call of {call.name!r}, which was not offered")
        if not isinstance(call.input, dict):
            return Finding(Saw.DAMAGED, f"a call of {call.name!r} whose input is no object")
    text = reading.text
    clouds, engines = text.startswith(CLOUD_SAYS[:_BEGINS]), ENGINE_SAYS in text
    if text == CLOUD_SAYS:
        return Finding(Saw.CLOUD)
    if clouds and "\N{REPLACEMENT CHARACTER}" in text and text.endswith(CLOUD_SAYS[-_BEGINS:]):
        return Finding(Saw.CLOUD, "with the bytes in it that are no text")
    if engines and not clouds:
        return Finding(Saw.STAND_IN)
    if engines and CLOUD_SAYS.startswith(text[: text.index(ENGINE_SAYS)].rstrip()):
        return Finding(Saw.JOINED)
    if not clouds and reading.calls:
        return Finding(Saw.STAND_IN, "by a call")
    return Finding(Saw.DAMAGED, f"whole, but its words are {text[:80]!r}")


def _blocks(content: Sequence[JSON]) -> list[Block]:
    blocks: list[Block] = []
    for item in content:
        match item:
            case {"type": "text", "text": str(text)}:
                blocks.append(Block("text", said=text, closed=True))
            case {"type": "tool_use", "name": str(name), "input": dict()}:
                blocks.append(Block("tool_use", name, said="{}", closed=True))
            case {"type": "tool_use", "name": str(name)}:
                blocks.append(Block("tool_use", name, said="no object", closed=True))
            case {"type": str(kind)}:
                blocks.append(Block(kind, closed=True))
            case _:
                pass
    return blocks


def _json(body: bytes) -> JSON:
    try:
        return loads(body)
    except NotJSONError:
        return None
