"""A conversation that goes to and fro is taken by the cloud each time it comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.handback.clean import clean
from standby.core.handback.marks import NOTICE, REASONING, TOOL
from standby.core.wire.json import dumps, loads
from standby.testing.model import Model
from standby.testing.scripts import Redacted, Text, Thinking, ToolUse

CLOUD = st.lists(
    st.sampled_from([Thinking("hm"), Redacted(), Text("yes"), ToolUse("Read", {"file": "a"})]),
    min_size=1,
    max_size=4,
)
LOCAL = st.lists(
    st.sampled_from(
        [
            {"type": "thinking", "thinking": "from here on local", "signature": NOTICE},
            {"type": "thinking", "thinking": "hm", "signature": REASONING},
            {"type": "thinking", "thinking": "I was abou", "signature": ""},
            {"type": "text", "text": "done"},
            {"type": "text", "text": "\n"},
            {"type": "tool_use", "name": "Read", "input": {}},
        ]
    ),
    max_size=5,
).map(lambda blocks: [{"type": "thinking", "thinking": "", "signature": NOTICE}, *blocks])
TURNS = st.lists(CLOUD.map(lambda b: ("cloud", b)) | LOCAL.map(lambda b: ("local", b)), max_size=6)


def request(messages):
    return dumps({"model": "claude-opus-5-5", "max_tokens": 9, "messages": messages})


def with_ids(blocks, turn):
    return [
        {**block, "id": f"{TOOL}{turn}x{at}"} if block["type"] == "tool_use" else block
        for at, block in enumerate(blocks)
    ]


def reply_to(blocks):
    """Return what the client says next: the results of every call, or a word."""
    return [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "ok"}
        for block in blocks
        if block["type"] == "tool_use"
    ] or [{"type": "text", "text": "go on"}]


def play(turns, cleaned):
    """Lead a conversation; return what the cloud had against it, each time it was asked."""
    said = iter([blocks for who, blocks in turns if who == "cloud"])
    model = Model(lambda _: next(said), b"key")
    messages = [{"role": "user", "content": "hello"}]
    against, before = [], []
    for turn, (who, blocks) in enumerate(turns):
        if who == "cloud":
            value = loads(cleaned(request(messages)))
            against.append(model.refuses("a", value, counting=False))
            if before != value["messages"][: len(before)]:
                against.append("another prompt than before")
            before = value["messages"]
            answered = [dict(b) for b in model.answer("a", value, caches=False).blocks]
        else:
            answered = with_ids(blocks, turn)
        messages.append({"role": "assistant", "content": answered})
        messages.append({"role": "user", "content": reply_to(answered)})
    against.append(model.refuses("a", loads(cleaned(request(messages))), counting=False))
    return against


@given(TURNS)
def test_the_cloud_takes_a_cleaned_conversation_each_time(turns):
    assert {""} == set(play(turns, lambda body: clean(body).body))


@given(TURNS)
def test_it_takes_one_with_a_line_on_who_answered_and_finds_its_prompt_as_it_was(turns):
    assert {""} == set(play(turns, lambda body: clean(body, noting=True).body))


@pytest.mark.parametrize("local", [[], [{"type": "text", "text": "done"}]])
def test_it_would_not_take_one_that_was_not_cleaned(local):
    notice = {"type": "thinking", "thinking": "", "signature": NOTICE}
    turns = [("cloud", [Thinking("hm"), Text("yes")]), ("local", [notice, *local])]

    assert ["", "messages.3.content.0: Invalid `signature` in `thinking` block"] == play(
        turns, lambda body: body
    )
