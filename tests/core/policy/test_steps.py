"""A step is a call and its result; two may tell the same."""

import pytest

from standby.core.policy.steps import Step, calls, is_said, results
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


def test_a_tool_that_looks_tells_the_same_whatever_it_was_asked():
    assert step(given="a").tells_the_same(step(given="b"))
    assert not step(given="a", result="few").tells_the_same(step(given="b", result="few"))
    assert not step("Bash", "a").tells_the_same(step("Bash", "b"))
    assert not step().tells_the_same(step(result="other"))
    assert not step().tells_the_same(step("Grep"))


def test_an_error_is_the_same_but_for_times_and_addresses():
    said = "it failed at 0x7f00a1 after {} s, at {}, for a reason that takes many words to say"
    one, other = said.format("0.1", "10:20:30"), said.format("12.75", "23:59:59")

    assert step(result=one, failed=True).same_error(step(result=other, failed=True))
    assert not step(result=one, failed=True).same_error(step(result=one))
    assert not step(result=one, failed=True).same_error(step("Bash", result=one, failed=True))
    assert not step(result="x" * 100, failed=True).same_error(step(result="y" * 100, failed=True))


def test_of_a_long_error_its_ends_count():
    long = "a" * 400 + "{}" * 10 + "b" * 400

    assert step(result=long.format(*"0123456789"), failed=True).same_error(
        step(result=long.format(*"9876543210"), failed=True)
    )
