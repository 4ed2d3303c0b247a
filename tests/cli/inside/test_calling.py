"""Our own commands, run and read."""

import pytest

from standby.cli.inside.calling import called
from tests.fakes.gateway import running_gateway


def test_it_says_what_the_command_says_in_a_terminal_without_colours(where):
    with running_gateway(where):
        answer = called(["status"])

    assert answer.well
    assert "the cloud answers (https://api.anthropic.com)" in answer.text
    assert "\x1b" not in answer.text


def test_what_goes_wrong_is_said_with_what_to_do(where):
    answer = called(["status"])

    assert not answer.well
    assert "no gateway is running" in answer.text
    assert "Start one with `standby up`" in answer.text


def test_one_that_takes_too_long_is_given_up(where):
    answer = called(["status"], within_s=0.001)

    assert (False, "`standby status` took longer than 0.001 s") == (answer.well, answer.text)


@pytest.mark.parametrize("words", [["--help"], ["statsu"]])
def test_any_command_can_be_read(where, words):
    assert "standby --help" in called(words).text or "Exit codes" in called(words).text
