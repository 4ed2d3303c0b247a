import io
import json
import sys
from types import SimpleNamespace

import pytest

from standby.core.handback import marks
from standby.testing.talk import MODEL, ROUNDS, Spoken, TalkError, hold

NOTICE = {"type": "thinking", "thinking": "small answers", "signature": marks.NOTICE}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "abc"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "run", "input": {"command": "date"}}
WORDS = {"type": "text", "text": "All is well."}


class Scripted:
    """A talker that answers with what it was given, and keeps what it was asked."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def ask(self, body):
        self.asked.append(json.loads(json.dumps(body)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Spoken({"model": MODEL, "content": answer}, 12.5)


@pytest.fixture
def held(monkeypatch):
    """Hold a conversation; return the events that were told."""

    def run(talker, *said):
        lines = b"".join(json.dumps(one).encode() + b"\n" for one in said)
        out = io.BytesIO()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
        hold(talker)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return run


def line(words="run date", call="may", model=""):
    return {"words": words, "call": call, "model": model}


def test_a_call_is_answered_with_a_result_until_words_come(held):
    talker = Scripted([THOUGHT, CALL], [WORDS])
    told = held(talker, line())

    assert ["ready", "answer", "answer", "done"] == [event["event"] for event in told]
    assert (["run"], "") == (told[1]["calls"], told[1]["text"])
    assert ([], "All is well.", 12.5) == (told[2]["calls"], told[2]["text"], told[2]["first_at"])
    question, answer, result = talker.asked[1]["messages"]
    assert {"role": "user", "content": "run date"} == question
    assert [THOUGHT, CALL] == answer["content"]
    assert "toolu_1" == result["content"][0]["tool_use_id"]


def test_all_lines_are_one_conversation(held):
    talker = Scripted([WORDS], [WORDS])
    held(talker, line("one"), line("two"))

    assert 3 == len(talker.asked[1]["messages"])


def test_a_call_that_must_be_is_asked_for_without_thinking_and_words_after_it(held):
    talker = Scripted([CALL], [WORDS])
    held(talker, line(call="must"))

    first, second = talker.asked
    assert ({"type": "any"}, False) == (first["tool_choice"], "thinking" in first)
    assert ({"type": "none"}, True) == (second["tool_choice"], "thinking" in second)


def test_the_notice_is_told_apart_from_what_the_model_thinks(held):
    told = held(Scripted([NOTICE, THOUGHT, WORDS]), line())

    assert "small answers" == told[1]["notice"]


def test_a_model_is_named_where_the_line_names_one(held):
    talker = Scripted([WORDS], [WORDS])
    held(talker, line(), line(model="local"))

    assert [MODEL, "local"] == [asked["model"] for asked in talker.asked]


def test_an_error_is_told_in_its_words(held):
    told = held(Scripted(TalkError("429 no more")), line())

    assert {"event": "trouble", "words": "429 no more"} == told[-1]


def test_a_model_that_calls_for_ever_is_an_error(held):
    told = held(Scripted(*[[CALL]] * ROUNDS), line())

    assert "trouble" == told[-1]["event"]
    assert ROUNDS + 2 == len(told)


def test_a_line_that_says_nothing_is_an_error_and_the_next_is_heard(held):
    told = held(Scripted([WORDS]), {"word": 1}, line())

    assert ["ready", "trouble", "answer", "done"] == [event["event"] for event in told]
