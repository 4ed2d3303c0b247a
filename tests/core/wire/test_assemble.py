"""A message that is put together from its stream is the one that the official SDK reads."""

import pytest
from anthropic import BaseModel
from anthropic._models import construct_type_unchecked
from anthropic.lib.streaming._beta_messages import accumulate_event
from anthropic.types.beta import BetaRawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire import messages, sse
from standby.core.wire.assemble import assemble
from standby.core.wire.json import dumps, loads
from tests.fakes.conversations import json_values
from tests.fakes.recordings import recorded


def frame(name, **fields):
    return sse.encode(name, dumps({"type": name, **fields}))


def block(index, start, *deltas):
    return [
        frame("content_block_start", index=index, content_block=start),
        *(frame("content_block_delta", index=index, delta=delta) for delta in deltas),
        messages.block_stop(index),
    ]


BEGIN = frame("message_start", message={"id": "m", "content": [], "usage": {"input_tokens": 3}})
END = [
    frame("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
    messages.message_stop(),
]


def read_by_sdk(frames):
    """What the SDK accumulates, less what is null: it sets more of that than is sent."""
    known, buffers, snapshot = dict.fromkeys(EVENTS), {}, None
    for one in frames:
        if one.name not in known:
            continue
        event = construct_type_unchecked(type_=BetaRawMessageStreamEvent, value=loads(one.data))
        assert isinstance(event, BaseModel)
        snapshot = accumulate_event(
            event=event, current_snapshot=snapshot, json_bufs=buffers, request_headers={}
        )
    return without_null(snapshot.to_dict(mode="json"))


EVENTS = (
    *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
    *("message_delta", "message_stop"),
)


def without_null(value):
    match value:
        case dict():
            return {k: without_null(v) for k, v in value.items() if v is not None}
        case list():
            return [without_null(item) for item in value]
        case _:
            return value


def test_recorded_streams_are_read_as_the_sdk_reads_them():
    for record in recorded("anthropic_messages_sse"):
        frames = sse.Decoder().receive_data(record["sse"].encode())

        assert read_by_sdk(frames) == without_null(loads(assemble(frames))), record["id"]


def test_a_message_of_all_kinds_of_blocks():
    frames = [
        BEGIN,
        messages.PING,
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm"},
            {"type": "signature_delta", "signature": "s"},
        ),
        *block(
            1,
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "Hel"},
            {"type": "text_delta", "text": "lo"},
            {"type": "citations_delta", "citation": {"type": "x"}},
        ),
        *block(
            2,
            {"type": "tool_use", "id": "t", "name": "Read", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"a"'},
            {"type": "input_json_delta", "partial_json": ":1}"},
        ),
        *END,
    ]

    assert {
        "id": "m",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "s"},
            {"type": "text", "text": "Hello", "citations": [{"type": "x"}]},
            {"type": "tool_use", "id": "t", "name": "Read", "input": {"a": 1}},
        ],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    } == loads(assemble(frames))


def test_arguments_that_are_no_json_are_wrapped():
    start = {"type": "tool_use", "id": "t", "name": "Read", "input": {}}
    frames = [BEGIN, *block(0, start, {"type": "input_json_delta", "partial_json": '{"a'}), *END]

    assert {"__unparsedToolInput": {"raw": '{"a', "len": 3}} == (
        loads(assemble(frames))["content"][0]["input"]
    )


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([], id="nothing"),
        pytest.param([BEGIN], id="cut off"),
        pytest.param(END, id="no beginning"),
        pytest.param([BEGIN, messages.error("no"), *END], id="an error"),
    ],
)
def test_what_is_no_whole_answer_is_none(frames):
    assert None is assemble(frames)


@given(st.lists(st.tuples(st.sampled_from([*EVENTS, "other"]), json_values), max_size=6))
def test_no_stream_is_too_odd(events):
    assemble([BEGIN, *(sse.encode(name, dumps(value)) for name, value in events), *END])


def test_a_count_that_is_null_at_the_end_keeps_what_it_was_at_the_start():
    usage = {"input_tokens": None, "output_tokens": 2}
    last = frame("message_delta", delta={"stop_reason": "end_turn"}, usage=usage)

    whole = loads(assemble([BEGIN, last, messages.message_stop()]))

    assert {"input_tokens": 3, "output_tokens": 2} == whole["usage"]
