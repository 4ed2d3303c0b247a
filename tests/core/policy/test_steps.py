"""A step is a call and its result."""

import pytest

from standby.core.policy.steps import Step, calls, is_said, results, varied
from tests.fakes.circles import LONG

CALL = {"type": "tool_use", "id": "c", "name": "Read", "input": {"a": 1}}
CAME = {"type": "tool_result", "tool_use_id": "c"}


def step(tool="Read", given="a", result=LONG, *, failed=False):
    return Step(tool, {"file": given}, result, failed)


def test_calls_are_read_with_their_inputs():
    text = {"type": "text", "text": "x"}

    assert {"c": ("Read", {"a": 1})} == calls([text, CALL, "x", {"type": "tool_use"}])
    assert {} == calls("x")


def test_a_result_in_one_text_is_that_text():
    parts = {**CAME, "content": [{"type": "text", "text": "x"}]}
    image = {**CAME, "content": [{"type": "image"}], "is_error": True}

    assert [("c", "x", False), ("c", [{"type": "image"}], True)] == results([parts, image])
    assert [("c", None, False)] == results([CAME, {"type": "tool_result"}, 1])
    assert [] == results("x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("go on", True),
        ([{"type": "text", "text": " "}], False),
        ([{"type": "text", "text": "<system-reminder>x</system-reminder>"}], False),
        ([CAME], False),
        (None, False),
    ],
)
def test_a_person_speaks_in_words_of_their_own(content, said):
    assert said is is_said(content)


def test_a_tool_that_looks_is_known_by_its_name_and_by_what_it_says():
    assert step().looks
    assert not step("Bash").looks
    assert not step(result="few words").looks
    assert step(result=[{"type": "text", "text": LONG}, {"type": "image"}]).looks


def test_what_differs_each_time_is_left_out_of_an_error_and_nothing_else():
    said = "line 12 of v1 at 0x7f00a1: 3 of 4 after 12.75 s, at 23:59:59"

    assert "line 12 of v1 at #: 3 of 4 after # s, at #" == varied(said)
