"""What a model that knows no tools says in JSON is heard as early as it is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.dialects.openai_chat.in_words import Call, Listener, call
from standby.core.dialects.written.ear import Ear
from standby.core.dialects.written.said import Said, Thought
from standby.core.wire.json import loads
from tests.fakes.conversations import json_values
from tests.fakes.toolcalls import cases


def words(voiced):
    return "".join(each.words for each in voiced if isinstance(each, Said))


def heard(*pieces, cut=False):
    """What is said of each piece, and the call in the end, or what is said then."""
    streamed, left, _, _ = heard_whole(*pieces, cut=cut)
    return streamed, left


def heard_whole(*pieces, cut=False, loose=True):
    """The same, then thoughts, and calls that were written in another form."""
    listener = Listener(Ear(("Read", "Bash"), loose=loose))
    streamed = [listener.hear(piece) for piece in pieces]
    left = listener.end(cut=cut)
    if isinstance(left, Call):
        return [words(each) for each in streamed], left, "", ()
    voiced = [each for piece in (*streamed, left.voiced) for each in piece]
    thought = "".join(each.words for each in voiced if isinstance(each, Thought))
    return [words(each) for each in streamed], words(left.voiced), thought, left.found


def comes_to(*pieces, **how):
    """What is heard altogether."""
    streamed, left, thought, found = heard_whole(*pieces, **how)
    said = "".join(streamed)
    return (said, left, thought, found) if isinstance(left, Call) else (said + left, thought, found)


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
    assert (["Half ", "a sen"], "") == heard("Half ", "a sen", cut=True)


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


def test_words_that_are_not_in_the_form_are_said_as_they_come():
    pieces = ["I", " see", ' that {"a": 1}', " is no", " [call]."]

    assert (pieces, "") == heard(*pieces)


def test_an_object_that_is_no_call_is_said_as_soon_as_its_first_name_shows_it():
    pieces = ["{", '"', "de", 'pendencies": {', '"a": ', "1}}"]

    assert (["", "", "", '{"dependencies": {', '"a": ', "1}}"], "") == heard(*pieces)


def test_of_words_only_what_may_begin_a_call_is_held_back():
    pieces = ["Now.\n", "<tool", "_call>", " is a tag"]

    assert (["Now.\n", "", "", "<tool_call> is a tag"], "") == heard(*pieces)


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>{"name": "Read", "arguments": {"a": 1}}</tool_call>',
        '```json\n{"tool": "Read", "arguments": {"a": 1}}\n```',
        '{"name": "Read", "parameters": {"a": 1}}',
        '[TOOL_CALLS]Read[ARGS]{"a": 1}',
    ],
)
def test_a_call_in_another_form_is_one_all_the_same(written):
    said, _, found = comes_to(*written)

    assert "" == said
    assert [("Read", {"a": 1})] == [(call.name, call.given) for call in found.calls]


FORMS = [
    '{"tool": "Read", "arguments": {"a": "x\\n"}}',
    '{"answer": "I \\u00e9 \\ud83d\\ude00 see"}',
    *('{"answer": {"a": 1}}', '{"arguments": {}, "tool": "Read"}', '{"a": 1}', "{}", '{"to'),
    *(" " * 250 + '{"answer": "late"}', "{" + " " * 250 + '"answer": "late"}', "\n\n", "[1]"),
]
ANSWERS = [*FORMS, *(case["answer"] for case in cases() if case["answer"])]


def in_pieces(text, cuts):
    at = sorted({cut for cut in cuts if cut < len(text)})
    return [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True)]


@pytest.mark.parametrize("text", ANSWERS)
@pytest.mark.parametrize("loose", [True, False])
def test_what_an_answer_comes_to_does_not_depend_on_how_it_was_cut(text, loose):
    whole = comes_to(text, loose=loose)
    assert whole == comes_to(*text, loose=loose)
    for at in range(1, len(text), max(1, len(text) // 40)):
        assert whole == comes_to(text[:at], text[at:], loose=loose)


@given(
    st.lists(
        st.sampled_from([*FORMS, "Well", " ", "\n", "<tool_call>", "```json\n", "{", '"tool": ']),
        max_size=4,
    ),
    st.lists(st.integers(1, 400), max_size=6),
    st.booleans(),
)
def test_nor_does_it_when_forms_are_mixed_or_cut_off(parts, cuts, cut):
    text = "".join(parts)

    assert comes_to(text, cut=cut) == comes_to(*in_pieces(text, cuts), cut=cut)
    assert comes_to(text, cut=cut) == comes_to(*text, cut=cut)


@given(st.lists(st.text(st.sampled_from('{}" \\"answer:toluds083'), max_size=6), max_size=6))
def test_nothing_that_is_said_is_too_odd(pieces):
    heard(*pieces)
    heard('{"answer": "', *pieces, cut=True)
