"""What a body needs, and whether it is in the middle of a turn."""

import pytest

from standby.core.policy.needs import Needs, in_tool_loop, needs_of
from tests.fakes.turns_of_work import RESULT, SYSTEM, call, says

IMAGE = {"type": "image", "source": {"type": "base64", "data": ""}}


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ({}, Needs()),
        ({"messages": "x", "tools": 3, "output_config": []}, Needs()),
        ({"tools": [{"name": "Read"}]}, Needs(tools=True)),
        ({"tools": [{"type": "custom", "name": "Read"}]}, Needs(tools=True)),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            Needs(tools=True, server_tools=True),
        ),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, Needs(vision=True)),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "tool_result", "content": [IMAGE]}]}
                ]
            },
            Needs(vision=True),
        ),
        ({"output_config": {"format": {"type": "json_schema"}}}, Needs(structured=True)),
        ({"output_config": {"effort": "max"}}, Needs(effort=True)),
        ({"output_config": {"effort": "medium"}}, Needs()),
    ],
)
def test_a_body_says_what_it_needs(body, needs):
    assert needs == needs_of(body)


def test_an_image_of_long_ago_needs_no_eyes_any_more():
    shown = {"role": "user", "content": [IMAGE]}
    later = [says("Go on"), {"role": "assistant", "content": "Done"}]

    assert needs_of({"messages": [shown, *later * 40]}).vision
    assert not needs_of({"messages": [shown, *later * 60]}).vision


def test_needs_have_names():
    assert ("tools", "vision") == Needs(tools=True, vision=True).words


@pytest.mark.parametrize(
    ("turns", "inside"),
    [
        ([], False),
        ([says("Do it")], False),
        ([says("Do it"), call(), RESULT], True),
        ([says("Do it"), call(), RESULT, SYSTEM], True),
        ([says("Do it"), call(), RESULT, {"role": "assistant", "content": "Done"}], False),
        ([says("Do it"), call(), RESULT, {"role": "assistant", "content": "x"}, says("y")], False),
    ],
)
def test_a_turn_is_under_way_while_the_client_brings_results(turns, inside):
    assert inside == in_tool_loop({"messages": turns})


def test_a_body_without_messages_is_in_no_turn():
    assert not in_tool_loop({"messages": None})
