"""What may stand behind /standby."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.cli import main
from standby.cli.inside.calling import Answer
from standby.cli.inside.words import COMMANDS, answered


def echo(words):
    return Answer(repr(list(words)), well=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["status"]),
        ("   ", ["status"]),
        ("status", ["status"]),
        ("status --json", ["status", "--json"]),
    ],
)
def test_the_words_are_those_of_the_command_line(words, expected):
    assert repr(expected) == answered(words, echo)


@pytest.mark.parametrize("words", ["down", "serve", "claude -p x", "--help", "token show", "oops"])
def test_what_is_not_for_inside_is_not_called(words):
    said = answered(words, lambda _: pytest.fail("it was called"))

    assert said.startswith(f"/standby does not know {words.split()[0]!r}")
    assert "/standby status  " in said


def test_words_that_do_not_end_are_not_guessed_at():
    assert "is not understood" in answered('status "', echo)


def test_a_command_that_says_nothing_is_not_left_blank():
    assert "nothing to say" in answered("status", lambda _: Answer("", well=True))


def test_each_is_a_command():
    assert set(COMMANDS) <= set(main.names())


@given(st.text(max_size=30))
def test_whatever_is_typed_there_is_an_answer(words):
    assert answered(words, echo)
