"""What kind of work a turn is: a guess that says how sure it is, and never holds the words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.workload import SURE, UNKNOWN, Workload, guessed
from tests.fakes.turns_of_work import FAILURE, RESULT, call, says

REMARK = "<system-reminder>Plan the design, weigh the options.</system-reminder>"
DONE = {"role": "assistant", "content": "Done."}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values)
def test_any_messages_have_a_guess(messages):
    guess = guessed({"messages": messages})

    assert 0 <= guess.score <= 1
    assert 0 <= guess.little <= 1.000001
    assert guess == guessed({"messages": messages})


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Propose a design; weigh the options.", Workload.PLAN),
        ("The page crashes since the last release, why?", Workload.DEBUG),
        ("Implement the export: backend, UI and tests.", Workload.MULTI_FILE),
        ("Rename `a` to `b`.", Workload.MECHANICAL),
        ("Generate a dataclass for this table.", Workload.BOILERPLATE),
        ("Summarise what we did so far.", Workload.SUMMARY),
        ("Where is the parser defined?", Workload.QUESTION),
    ],
)
def test_a_kind_is_known_by_its_words(words, kind):
    guess = guessed({"messages": [says(words)]})

    assert kind is guess.kind
    assert kind.of_high_value is guess.of_high_value
    assert guess.features
    assert kind.value in guess.words


def test_of_a_turn_of_hundreds_of_calls_nobody_looks_for_the_beginning():
    words = says("Rename `a` to `b`.")

    assert Workload.MECHANICAL is guessed({"messages": [words, *[call(), RESULT] * 199]}).kind
    assert UNKNOWN == guessed({"messages": [words, *[call(), RESULT] * 200]})


def test_where_nothing_speaks_the_turn_is_treated_as_one_of_high_value():
    assert UNKNOWN == guessed({"messages": [says("Hm.")]})
    assert UNKNOWN == guessed({})
    assert UNKNOWN.of_high_value
    assert UNKNOWN.may_be_of_little_value
    assert "of unknown kind" == UNKNOWN.words


LONG_AND_UNKNOWN = "Gather moss, roll stones, quietly, like millers from beyond hills"


def test_many_words_that_say_nothing_known_keep_no_conversation_here():
    guess = guessed({"messages": [says(LONG_AND_UNKNOWN)]})

    assert "of unknown kind, in many words" == guess.words
    assert guess.of_high_value
    assert not guess.may_be_of_little_value


def test_what_was_said_before_counts_for_a_few_words_alone():
    edit = says("Rename `a` to `b`.")

    assert Workload.MECHANICAL is guessed({"messages": [edit, DONE, says("Hm.")]}).kind
    assert None is guessed({"messages": [edit, DONE, says(LONG_AND_UNKNOWN)]}).kind


def test_all_kinds_of_little_value_count_together():
    guess = guessed({"messages": [says("What did we change so far?")]})

    assert guess.score < guess.little
    assert guess.little >= SURE
    assert not guess.of_high_value


def test_who_says_little_goes_on_with_what_was_said_before():
    before = [says("Rename `a` to `b` and sort the imports."), DONE]
    guess = guessed({"messages": [*before, says("Hm.")]})

    assert guess.may_be_of_little_value
    assert guess.of_high_value, "what was said before does not make it sure"
    assert any(name.endswith(" before") for name in guess.features)


def test_who_says_enough_is_taken_at_his_word():
    before = [says("Rename `a` to `b`."), DONE]
    guess = guessed({"messages": [*before, says("The tests fail since then, find out why.")]})

    assert Workload.DEBUG is guess.kind
    assert not any(name.endswith(" before") for name in guess.features)


def test_what_the_client_adds_for_the_model_is_not_what_a_person_said():
    guess = guessed(
        {"messages": [says(f"{REMARK}Rename `a` to `b`.{REMARK}<system-reminder>plan")]}
    )

    assert Workload.MECHANICAL is guess.kind


def test_a_failure_before_it_speaks_for_debugging():
    calm = guessed({"messages": [says("Do it"), call(), RESULT, DONE, says("Again, please")]})
    failed = guessed({"messages": [says("Do it"), call(), FAILURE, DONE, says("Again, please")]})

    assert "what was tried last failed" in failed.features
    assert "what was tried last failed" not in calm.features
    assert failed.little < calm.little


def test_of_a_long_text_both_ends_are_read():
    middle = "x y z. " * 2000
    asked = guessed(
        {"messages": [says(f"Rename `a` to `b`. {middle} So: rename and sort imports.")]}
    )

    assert Workload.MECHANICAL is asked.kind
