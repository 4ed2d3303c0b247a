"""A request for the rest of an answer: what was said is its last turn, and nothing else moves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.dialects.openai_chat.continuing import can_go_on, going_on, in_plain_words
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.models.facts import LocalModel
from standby.core.wire import asked
from standby.core.wire.json import dumps

MODEL = LocalModel("desk", "coder", "http://127.0.0.1:1", continues=True)


def request(*turns, **more):
    messages = [{"role": role, "content": said} for role, said in turns or [("user", "hi")]]
    return asked.read(dumps({"model": "m", "messages": messages, **more}))


@given(st.text(min_size=1))
def test_the_prompt_is_the_same_and_ends_with_what_was_said(said):
    before = to_chat(request(), MODEL).body["messages"]

    after = to_chat(going_on(request(), said), MODEL).body["messages"]

    rest = [{"role": "assistant", "content": said.rstrip()}] if said.strip() else []
    assert [*before, *rest] == after


@given(st.text(), st.integers(1, 10_000))
def test_the_limit_is_what_is_left_of_it_and_never_more(said, limit):
    left = going_on(request(max_tokens=limit), said).max_tokens

    assert min(limit, 256) <= left <= limit


def test_no_limit_stays_none():
    assert going_on(request(), "hello").max_tokens is None


def test_thinking_is_off():
    begun = going_on(request(thinking={"type": "adaptive"}), "hello")

    assert not begun.thinks
    assert {"type": "disabled"} == begun.value["thinking"]


@pytest.mark.parametrize(
    ("facts", "can"),
    [
        ({}, True),
        ({"continues": False}, False),
        ({"reasoning": True}, True),
        ({"id": "gpt-oss-20b", "reasoning": True}, False),
        ({"id": "qwen3.6-35b", "reasoning": True}, True),
    ],
    ids=range(5),
)
def test_who_can_go_on(facts, can):
    assert can == can_go_on(replace(MODEL, **facts))


def test_only_plain_words_can_be_gone_on_with():
    assert in_plain_words(Plan())
    assert not in_plain_words(Plan(formed=True))
    assert not in_plain_words(Plan(in_words=True))
