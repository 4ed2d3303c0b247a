"""What the model signs and mints, it takes back; nothing is given twice."""

from hypothesis import given
from hypothesis import strategies as st

from standby.testing.model import Model
from standby.testing.scripts import Redacted, Text, Thinking, ToolUse, agent

ASK = {"role": "user", "content": "hello"}
BLOCKS = st.lists(
    st.sampled_from([Text("a"), Thinking("b"), Redacted(), ToolUse("c", {"d": 1})]),
    min_size=1,
    max_size=5,
)


def request(*messages, **fields):
    return {"model": "claude-opus-5-5", "max_tokens": 9, "messages": list(messages), **fields}


def result(call):
    return {"type": "tool_result", "tool_use_id": call["id"], "content": "ok"}


@given(st.lists(BLOCKS, min_size=1, max_size=4))
def test_every_conversation_that_it_led_is_one_that_it_takes(turns):
    model = Model(lambda conversation: turns[conversation.turn - 1], b"key")
    messages = [ASK]
    for _ in turns:
        answer = model.answer("a", request(*messages), caches=False)
        calls = [block for block in answer.blocks if block["type"] == "tool_use"]
        assert ("tool_use" if calls else "end_turn") == answer.stop_reason
        back = [result(call) for call in calls] or "go on"
        messages += [
            {"role": "assistant", "content": list(answer.blocks)},
            {"role": "user", "content": back},
        ]
        assert "" == model.refuses("a", request(*messages), counting=False)


def test_ids_are_new_each_time_and_look_like_the_clouds():
    model = Model(agent, b"key")
    ids = {model.mint("toolu_01") for _ in range(1000)}

    assert 1000 == len(ids)
    assert {len("toolu_01") + 22} == {len(one) for one in ids}


def test_the_same_model_says_the_same_again():
    one, other = Model(agent, b"key"), Model(agent, b"key")

    assert one.answer("a", request(ASK), caches=True) == other.answer(
        "a", request(ASK), caches=True
    )


def test_one_token_is_all_that_a_probe_gets():
    answer = Model(agent, b"key").answer("a", request(ASK, max_tokens=1), caches=False)

    assert "max_tokens" == answer.stop_reason
