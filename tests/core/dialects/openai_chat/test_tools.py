"""Which tools a model gets to see, in which order, and whether it must call one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.dialects.openai_chat.losses import Losses
from standby.core.dialects.openai_chat.tools import choose, offered, wire_name


def tool(name, **fields):
    return {"name": name, "input_schema": {"type": "object"}, **fields}


def later(name):
    return tool(name, defer_loading=True)


def loading(*names):
    parts = [{"type": "tool_reference", "tool_name": name} for name in names]
    return {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t", "content": parts}],
    }


ALL = [
    tool("Agent"),
    later("Fetch"),
    tool("Read"),
    later("Search"),
    tool("DeferredToolPlaceholder"),
]


def names(*messages, tools=ALL, **request):
    return [t.name for t in offered({"tools": tools, "messages": [*messages], **request}, Losses())]


def test_deferred_tools_are_offered_once_loaded_behind_the_others():
    assert ["Agent", "Read"] == names()
    assert ["Agent", "Read", "Search"] == names(loading("Search"))
    assert ["Agent", "Read", "Search", "Fetch"] == names(
        loading("Search"), loading("Fetch", "Search")
    )
    assert ["Agent", "Read", "Fetch"] == names(
        {"role": "system", "content": [{"type": "tool_addition", "tool": {"name": "Fetch"}}]}
    )


def test_a_deferred_tool_that_was_called_unloaded_is_known_from_then_on():
    called = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Fetch"}]}

    assert ["Agent", "Read", "Fetch"] == names(called)


_NAMES = [f"{letter}{number}" for letter in "ABCDE" for number in range(2)]


@given(
    st.sets(st.sampled_from(_NAMES), min_size=1, max_size=6),
    st.lists(st.sets(st.sampled_from(_NAMES), min_size=1, max_size=3), max_size=5),
)
def test_a_tool_that_is_loaded_moves_no_other_wherever_the_client_puts_it(plain, loads):
    """The client sends its tools in the order of the alphabet, each time anew."""
    messages, before = [], None
    for asked in [(), *loads]:
        messages = [*messages, loading(*sorted(asked - plain))] if asked else messages
        known = {name for each in loads for name in each} - plain
        tools = [tool(n) if n in plain else later(n) for n in sorted(plain | known)]
        now = names(*messages, tools=tools)

        assert now[: len(before or now)] == (before or now)
        before = now


def test_a_tool_of_the_clouds_own_is_named_as_lost():
    losses = Losses()
    offered({"tools": [{"type": "web_search_20250305", "name": "web_search"}, tool("A")]}, losses)

    assert ("the tool 'web_search_20250305', which only the cloud can run",) == losses.all()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, (["A", "B"], True, False, False)),
        ({"type": "auto"}, (["A", "B"], True, False, False)),
        ({"type": "auto", "disable_parallel_tool_use": True}, (["A", "B"], True, False, True)),
        ({"type": "any"}, (["A", "B"], True, True, False)),
        ({"type": "any", "disable_parallel_tool_use": True}, (["A", "B"], True, True, True)),
        ({"type": "tool", "name": "B"}, (["B"], True, True, True)),
        ({"type": "tool", "name": "C"}, (["A", "B"], True, True, True)),
        ({"type": "none"}, (["A", "B"], False, False, False)),
    ],
)
def test_the_choice(choice, expected):
    request = {"tools": [tool("A"), tool("B")], "messages": [], "tool_choice": choice}
    losses = Losses()
    made = choose(request, offered(request, losses), losses)

    assert expected == (
        [t.name for t in made.tools],
        made.allowed,
        made.required,
        made.one_at_a_time,
    )


def test_a_named_tool_may_be_a_deferred_one():
    assert "Fetch" in names(tool_choice={"type": "tool", "name": "Fetch"})


def test_a_request_for_a_summary_is_answered_in_text():
    summary = {"type": "text", "text": "CRITICAL: Respond with TEXT ONLY. Do not call tools."}
    done = {"type": "tool_result", "tool_use_id": "t", "content": "x"}

    def allowed(*messages):
        request = {"tools": [tool("A")], "messages": [*messages]}
        return choose(request, offered(request, Losses()), Losses()).allowed

    assert not allowed({"role": "user", "content": [done, summary]})
    assert allowed({"role": "user", "content": [summary]}, {"role": "user", "content": "Go on."})
    assert allowed({"role": "user", "content": [done]})


@given(st.text(max_size=80))
def test_every_name_is_made_one_that_chat_completions_allow(name):
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", wire_name(name))


@given(st.text(max_size=70), st.text(max_size=70))
def test_two_tools_keep_two_names(one, other):
    assert (one == other) == (wire_name(one) == wire_name(other))


def test_a_name_that_is_allowed_stays():
    assert "mcp__server__tool-1" == wire_name("mcp__server__tool-1")
