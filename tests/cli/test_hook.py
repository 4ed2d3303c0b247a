import io
import json
import sys

import pytest

from tests.fakes.gateway import running_gateway


@pytest.fixture
def hook(standby, monkeypatch):
    def call(said):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
        return standby("hook")

    return call


@pytest.mark.parametrize("words", ["", "status"])
def test_it_answers_in_place_of_a_model(hook, where, words):
    said = {"hook_event_name": "UserPromptExpansion", "command_args": words}
    with running_gateway(where):
        answer = hook(json.dumps(said).encode())
    decision = json.loads(answer.out)

    assert (0, "") == (answer.code, answer.err)
    assert "block" == decision["decision"]
    assert "the cloud answers (https://api.anthropic.com)" in decision["reason"]
    assert "UserPromptExpansion" == decision["hookSpecificOutput"]["hookEventName"]


def test_without_a_gateway_it_says_so(hook):
    assert "no gateway is running" in json.loads(hook(b"{}").out)["reason"]


def test_other_words_are_told_what_there_is(hook):
    reason = json.loads(hook(b'{"command_args": "down"}').out)["reason"]

    assert "/standby does not know 'down'" in reason


@pytest.mark.parametrize("said", [b"", b"{oops"])
def test_called_by_hand_it_says_that_it_is_not_for_that(hook, said):
    answer = hook(said)

    assert (1, "") == (answer.code, answer.out)
    assert "`standby status` is for you" in answer.err
