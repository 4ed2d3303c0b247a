"""Words are heard once, whatever the text, and what was pasted counts as what it is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.hearing import FEATURES, OF_FORM, heard
from standby.core.policy.lexicon import FILLERS, LEADING, SAID
from standby.core.policy.weights import WEIGHTS


@given(st.text(max_size=400))
def test_any_text_is_heard_and_what_speaks_has_a_name(text):
    loud = heard(text)

    assert set(loud) <= set(FEATURES)
    assert all(0 < loudness <= 2 for loudness in loud.values())


def test_each_feature_has_its_weights_and_each_weight_its_feature():
    assert set(FEATURES) == set(WEIGHTS)
    assert {7} == {len(weights) for weights in WEIGHTS.values()}
    assert set(OF_FORM) < set(FEATURES)


def test_no_feature_says_a_word_twice():
    for feature in (*LEADING, *SAID):
        assert len(feature.words.split()) == len(set(feature.words.split())), feature.name
    assert not {"fix", "rename"} & FILLERS


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("ok now please rename it", "asks for a small change"),
        ("Can you rename it?", "asks for a small change"),
        ("can it be renamed?", "begins as a question"),
        ("Hm. Summarise.", "asks for fewer words"),
        ("the end to end test", "a change across the code"),
        ("look at `x`", "names a thing in code"),
        ("see src/api.ts.", "names a file"),
        ("see main.py", "names a file"),
        ("KeyError: 'items'", "shows an error"),
        ("a.b.OddException", "shows an error"),
        ("Traceback (most recent call last)", "shows an error"),
        ("TL;DR\ntl;dr", "wants fewer words"),
        ("it doesn\u2019t", "something is not so"),
        ("the UI and the API", "names several parts"),
        ("a\nb\nc\nd\ne", "has many lines"),
        ("word " * 30, "much is said"),
    ],
)
def test_a_feature_speaks_where_it_is_said(text, feature):
    assert feature in heard(text)


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("do not rename it", "asks for a small change"),
        ("`plan` it", "speaks of a plan"),
        ("docs/plan.md", "speaks of a plan"),
        ("the API", "names several parts"),
        ("", "is said in a few words"),
    ],
)
def test_a_feature_is_silent_otherwise(text, feature):
    assert feature not in heard(text)


def test_what_failed_before_is_heard():
    assert heard("go on", failed=True)["what was tried last failed"] == 1.0


@pytest.mark.parametrize("sign", ["-", "/", "`", "_", "a", "'", ".", "a.", "`a", "a/"])
def test_a_text_ten_times_as_long_takes_about_ten_times_as_long(sign):
    assert _took_s(sign * 50_000) < 30 * _took_s(sign * 5_000)


def _took_s(text):
    took = []
    for _ in range(5):
        began = time.process_time()
        heard(text)
        took.append(time.process_time() - began)
    return min(took)
