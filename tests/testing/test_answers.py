"""An answer is the same, told whole or event by event, and its stream looks like the real one."""

import json

from hypothesis import given
from hypothesis import strategies as st

from standby.core.usage import Tokens
from standby.core.wire.sse import Decoder
from standby.testing.answers import Answer, frames, whole
from tests.fakes.json_text import VALUES, WORDS

BLOCKS = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": WORDS})
    | st.fixed_dictionaries({"type": st.just("thinking"), "thinking": WORDS, "signature": WORDS})
    | st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": WORDS})
    | st.fixed_dictionaries(
        {
            "type": st.just("tool_use"),
            "id": st.just("toolu_1"),
            "name": WORDS,
            "input": st.dictionaries(WORDS, VALUES, max_size=3),
        }
    ),
    max_size=4,
)


def answer(blocks):
    return Answer("msg_1", "m", blocks, "end_turn", Tokens(5, 7, 11, 13))


def heard(told):
    """Put a message together as a client does."""
    decoder = Decoder()
    events = [json.loads(f.data) for f in decoder.receive_data(b"".join(f.raw for f in told))]
    message = events[0]["message"]
    for event in events:
        match event:
            case {"type": "content_block_start", "index": index, "content_block": block}:
                assert len(message["content"]) == index
                message["content"].append(block)
                given = ""
            case {"type": "content_block_delta", "delta": {"partial_json": part}}:
                given += part
                message["content"][-1]["input"] = json.loads(given) if given else {}
            case {"type": "content_block_delta", "delta": {"type": kind, **delta}}:
                ((name, piece),) = delta.items()
                assert kind == f"{name}_delta"
                message["content"][-1][name] += piece
            case {"type": "message_delta", "delta": delta, "usage": usage}:
                message |= {**delta, "usage": usage}
            case _:
                pass
    return message


@given(BLOCKS)
def test_whole_or_in_events_it_is_the_same_message(blocks):
    # Half a JSON text means nothing: take the pieces of an input together first.
    told = frames(answer(blocks))

    assert json.loads(whole(answer(blocks))) == heard(joined(told))


def joined(told):
    """Join the pieces of each tool's input, as a client does before it reads them."""
    parts = {}
    for frame in told:
        match json.loads(frame.data):
            case {"index": index, "delta": {"partial_json": part}}:
                parts[index] = parts.get(index, "") + part
    out = []
    for frame in told:
        match json.loads(frame.data):
            case {"index": index, "delta": {"partial_json": ""}}:
                event = {"index": index, "delta": {"partial_json": parts[index]}}
                data = json.dumps({"type": "content_block_delta", **event})
                out.append(type(frame)(frame.name, data, f"data: {data}\n\n".encode()))
            case {"delta": {"partial_json": _}}:
                pass
            case _:
                out.append(frame)
    return out


@given(BLOCKS)
def test_omitted_thinking_leaves_the_signature(blocks):
    told = frames(answer(blocks), omit_thinking=True)
    message = heard(joined(told))

    unsaid = [{**b, "thinking": ""} if b["type"] == "thinking" else b for b in blocks]
    assert unsaid == message["content"]
    assert unsaid == json.loads(whole(answer(blocks), omit_thinking=True))["content"]


def test_a_stream_is_padded_pings_and_counts_twice():
    told = frames(answer([{"type": "text", "text": "hello you"}, {"type": "text", "text": "b"}]))
    names = [frame.name for frame in told]

    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert 1 == names.count("ping")
    assert any(frame.data.endswith(" }") for frame in told)
    begun, settled = (
        json.loads(told[0].data)["message"]["usage"],
        json.loads(told[-2].data)["usage"],
    )
    assert (5, 11, 1) == (
        begun["input_tokens"],
        begun["cache_read_input_tokens"],
        begun["output_tokens"],
    )
    assert (5, 13, 7) == (
        settled["input_tokens"],
        settled["cache_creation_input_tokens"],
        settled["output_tokens"],
    )
