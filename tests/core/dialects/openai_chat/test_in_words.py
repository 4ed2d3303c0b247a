"""What a model that knows no tools says in JSON is heard as early as it is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.dialects.openai_chat.in_words import Call, Listener, call
from standby.core.wire.json import loads
from tests.fakes.conversations import json_values


def heard(*pieces, cut=False):
    listener = Listener()
    streamed = [listener.hear(piece) for piece in pieces]
    return streamed, listener.end(cut=cut)


def test_an_answer_is_said_piece_by_piece_and_no_half_of_an_escape():
    pieces = ['{"ans', 'wer": "a', "\\", "n\\u00", "e9", "\\ud83d", "\\ude00", 'b"', "}"]

    assert (["", "a", "", "\n", "é", "", "😀", "b", ""], "") == heard(*pieces)


def test_half_of_a_pair_is_said_as_a_replacement():
    assert (["a", "", "�b", ""], "") == heard('{"answer": "a', "\\ud83d", "b", '"}')


def test_a_call_is_heard_at_the_end():
    assert (["", ""], Call("Read", {"a": 1})) == heard(
        '{"tool": "Read", ', '"arguments": {"a": 1}}'
    )


def test_half_a_call_is_nothing_and_half_a_sentence_is_said():
    assert "" == heard('{"tool": "Read", "argu', cut=True)[1]
    assert '{"tool": "Read", "argu' == heard('{"tool": "Read", "argu')[1]
    assert "Half a sen" == heard("Half a sen", cut=True)[1]


@pytest.mark.parametrize("said", ['{"answer": "a\\u12', '{"answer": "a\\', '{"answer": "a'])
def test_an_answer_that_was_cut_inside_an_escape_ends_before_it(said):
    assert (["a"], "") == heard(said, cut=True)


def test_an_escape_that_is_none_is_said_as_it_is():
    streamed, rest = heard('{"answer": "a', "\\uZZZZ and on and on")

    assert "a\\uZZZZ and on and on" == "".join([*streamed, rest])


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=3))
def test_a_call_reads_back_as_it_was_told(given_input):
    from standby.core.dialects.openai_chat.tools import arguments

    told = call("Read", arguments(given_input))

    assert Call("Read", loads(arguments(given_input))) == heard(told)[1]


@given(st.lists(st.text(st.sampled_from('{}" \\"answer:toluds083'), max_size=6), max_size=6))
def test_nothing_that_is_said_is_too_odd(pieces):
    heard(*pieces)
    heard('{"answer": "', *pieces, cut=True)
