"""What a Messages stream of our own must be: the rules of any stream, and stricter ones on top."""

import re

from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from standby.core.wire.json import loads
from standby.testing import stream_rules

_EVENT = TypeAdapter(RawMessageStreamEvent)
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_DELTAS = {
    "text": {"text_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
}
_REASONS = {"end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"}


def read(frames):
    """The whole answer, as ``(blocks, stop_reason, message_start, message_delta)``."""
    values = []
    frames = list(frames)
    assert [] == stream_rules.read(frames).problems
    for frame in frames:
        value = loads(frame.data)
        assert frame.raw == f"event: {frame.name}\ndata: {frame.data}\n\n".encode()
        assert value["type"] == frame.name, "the event line and the type must agree"
        _EVENT.validate_python(value)
        values.append(value)
    assert len(values) >= 5, "a turn has at least one block"
    start, *body, settled, stop = values
    assert (start["type"], settled["type"], stop["type"]) == (
        "message_start",
        "message_delta",
        "message_stop",
    )
    message = start["message"]
    assert _ID.fullmatch(message["id"])
    assert message["content"] == []
    assert message["stop_reason"] is None
    blocks = _blocks(body)
    reason = settled["delta"]["stop_reason"]
    assert reason in _REASONS
    calls = [block for block in blocks if block["type"] == "tool_use"]
    assert (reason == "tool_use") == bool(calls), "tool_use if, and only if, a tool is used"
    assert calls or any(block["type"] == "text" for block in blocks), "no turn is empty"
    assert len({call["id"] for call in calls}) == len(calls)
    for usage in (message["usage"], settled["usage"]):
        assert all(usage[name] >= 0 for name in ("input_tokens", "output_tokens"))
    return blocks, reason, start, settled


def _blocks(values):
    blocks = []
    current = None
    for value in values:
        match value["type"]:
            case "content_block_start":
                assert current is None, "blocks must not overlap"
                assert value["index"] == len(blocks), "blocks are numbered without gaps"
                current = {**value["content_block"], "said": "", "signature": None}
            case "content_block_delta":
                assert current is not None, "a delta outside of any block"
                assert value["index"] == len(blocks)
                delta = value["delta"]
                assert delta["type"] in _DELTAS[current["type"]]
                assert current["signature"] is None, "nothing follows a signature"
                if delta["type"] == "signature_delta":
                    current["signature"] = delta["signature"]
                    assert delta["signature"]
                else:
                    field = "partial_json" if "partial_json" in delta else delta["type"][:-6]
                    assert delta[field], "an empty delta says nothing"
                    current["said"] += delta[field]
            case "content_block_stop":
                assert current is not None
                assert value["index"] == len(blocks)
                assert current["said"].strip(), "an empty block"
                if current["type"] == "thinking":
                    assert current["signature"], "thinking is signed"
                if current["type"] == "tool_use":
                    assert _ID.fullmatch(current["id"])
                    assert current["input"] == {}, "input comes in deltas"
                blocks.append(current)
                current = None
            case other:
                raise AssertionError(f"{other} within a message")
    assert current is None, "a block is still open"
    return blocks
