"""Answers of the fake cloud, whole and as a stream, looking as the real cloud's do.

Recorded streams pad their JSON with spaces before the last brace, send a ping right after the first
block begins, and repeat the input tokens in ``message_delta``; so do these.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.usage import Tokens
from standby.core.wire.json import JSON, dumps
from standby.core.wire.sse import Frame

__all__ = ["Answer", "frames", "whole"]

_PING: Final = Frame("ping", '{"type": "ping"}', b'event: ping\ndata: {"type": "ping"}\n\n')
_PIECE: Final = 9
"""Characters in one delta of text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A message that is finished, before it is told."""

    id: str
    model: str
    blocks: Sequence[Mapping[str, JSON]]
    stop_reason: str
    usage: Tokens


def whole(answer: Answer, *, omit_thinking: bool = False) -> bytes:
    """Return the body of an answer that is not streamed."""
    unsaid: dict[str, JSON] = {"thinking": ""} if omit_thinking else {}
    return dumps(
        {
            **_begun(answer),
            "content": [
                {**block, **unsaid} if block.get("type") == "thinking" else dict(block)
                for block in answer.blocks
            ],
            "stop_reason": answer.stop_reason,
            "usage": _usage(answer.usage),
        }
    )


def frames(answer: Answer, *, omit_thinking: bool = False) -> tuple[Frame, ...]:
    """Return the events of an answer. ``omit_thinking``: the client wants the signatures only."""
    pads = itertools.cycle((0, 3, 9, 1, 14, 0, 6))
    return tuple(
        _PING if name == "ping" else _padded(name, {"type": name, **fields}, next(pads))
        for name, fields in _events(answer, omit_thinking=omit_thinking)
    )


def _events(answer: Answer, *, omit_thinking: bool) -> Iterator[tuple[str, dict[str, JSON]]]:
    begun = {**_begun(answer), "usage": {**_usage(answer.usage), "output_tokens": 1}}
    yield "message_start", {"message": begun}
    for index, block in enumerate(answer.blocks):
        yield "content_block_start", {"index": index, "content_block": _empty(block)}
        if index == 0:
            yield "ping", {}
        for delta in _deltas(block, omit_thinking=omit_thinking):
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    stop: dict[str, JSON] = {"stop_reason": answer.stop_reason, "stop_sequence": None}
    yield "message_delta", {"delta": {**stop, "stop_details": None}, "usage": _usage(answer.usage)}
    yield "message_stop", {}


def _begun(answer: Answer) -> dict[str, JSON]:
    return {
        "model": answer.model,
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def _usage(tokens: Tokens) -> dict[str, JSON]:
    return {
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": tokens.output,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def _empty(block: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a block as it begins: what comes in deltas is not there yet."""
    match block.get("type"):
        case "text":
            return {**block, "text": ""}
        case "thinking":
            return {**block, "thinking": "", "signature": ""}
        case "tool_use":
            return {**block, "input": {}}
        case _:
            return dict(block)


def _deltas(block: Mapping[str, JSON], *, omit_thinking: bool) -> Iterator[dict[str, JSON]]:
    match block:
        case {"type": "text", "text": str(text)}:
            for piece in _pieces(text):
                yield {"type": "text_delta", "text": piece}
        case {"type": "thinking", "thinking": str(thought), "signature": str(signature)}:
            for piece in [] if omit_thinking else _pieces(thought):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": signature}
        case {"type": "tool_use", "input": dict(given)}:
            yield {"type": "input_json_delta", "partial_json": ""}
            for piece in _pieces(dumps(given).decode()):
                yield {"type": "input_json_delta", "partial_json": piece}
        case _:
            pass  # these come whole, in the start of their block


def _pieces(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


def _padded(name: str, value: dict[str, JSON], pad: int) -> Frame:
    data = dumps(value)[:-1] + b" " * pad + b"}"
    return Frame(name, data.decode(), b"event: %b\ndata: %b\n\n" % (name.encode(), data))
