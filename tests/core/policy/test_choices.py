"""What a person chose: which choice counts, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.choices import (
    MOST,
    NONE,
    Choice,
    binding,
    from_json,
    lasting,
    put,
    to_json,
    wanted,
)
from standby.core.policy.modes import Mode

FOR_ALL = Choice(Mode.SPARE)
FOR_PROJECT = Choice(Mode.LOCAL, project="/work/a")
FOR_SESSION = Choice(Mode.CLOUD, session="s-1")

choices = st.lists(
    st.builds(
        Choice,
        st.sampled_from(Mode),
        st.text(max_size=5),
        st.none() | st.floats(0, 100),
        st.text(max_size=5),
        st.text(max_size=5),
    )
)


@given(choices)
def test_what_was_saved_comes_back_as_far_as_it_has_not_ended(made):
    kept = made[:MOST]

    assert lasting(kept, 50.0) == from_json(to_json(kept), 50.0)


@given(choices, choices)
def test_for_the_same_requests_there_is_one_choice_and_the_newest_counts(made, later):
    kept = ()
    for choice in (*made, *later):
        kept = put(kept, choice, 0.0)

    places = [(one.session, one.project) for one in kept]
    assert len(places) == len(set(places)) <= MOST


def test_the_narrowest_counts():
    made = (FOR_SESSION, FOR_ALL, FOR_PROJECT)

    assert FOR_SESSION == binding(made, "s-1", "/work/a", 0.0)
    assert FOR_SESSION == binding(made, "s-1/agent", "/work/a", 0.0)
    assert FOR_PROJECT == binding(made, "s-2", "/work/a/deep", 0.0)
    assert FOR_ALL == binding(made, "s-2", "/work/ab", 0.0)
    assert NONE == binding((), "s-2", "", 0.0)


def test_the_deeper_project_counts():
    deeper = Choice(Mode.CLOUD, project="/work/a/open")

    assert deeper == binding((deeper, FOR_PROJECT), "", "/work/a/open/x", 0.0)


def test_a_choice_ends_by_itself():
    short = Choice(Mode.LOCAL, until=10.0)

    assert short == binding((short,), "", "", 9.0)
    assert NONE == binding((short,), "", "", 10.0)
    assert () == put((short,), Choice(session="x"), 10.0)


def test_to_choose_nothing_ends_a_choice():
    assert (FOR_PROJECT,) == put((FOR_ALL, FOR_PROJECT), Choice(), 0.0)


def test_what_cannot_be_understood_is_left_out():
    saved = to_json((FOR_ALL, FOR_PROJECT))
    saved["choices"][0]["mode"] = "fast"

    assert (FOR_PROJECT,) == from_json(saved, 0.0)
    assert () == from_json({"version": 2, "choices": []}, 0.0)
    assert () == from_json({"version": 1, "choices": [3]}, 0.0)


def test_a_choice_is_told_in_words():
    assert "spare" == FOR_ALL.words
    assert "local for /work/a" == FOR_PROJECT.words
    assert "cloud for session s-1" == FOR_SESSION.words
    assert "x/y" == Choice(Mode.LOCAL, "x/y").words
    assert "as the settings say" == NONE.words


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({"what": "spare"}, FOR_ALL),
        ({"what": "local", "project": "/work/a/"}, FOR_PROJECT),
        ({"what": "cloud", "session": "s-1"}, FOR_SESSION),
        ({"what": "local", "for_s": "60"}, Choice(Mode.LOCAL, until=70.0)),
        ({"what": "settings"}, Choice()),
        ({"what": "Qwen3:30b"}, Choice(Mode.LOCAL, "Qwen3:30b")),
        ({"what": "claude-local/ollama/x"}, Choice(Mode.LOCAL, "ollama/x")),
    ],
)
def test_a_person_asks_for_a_choice_in_a_word(fields, choice):
    assert choice == wanted(fields, 10.0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "name a mode"),
        ({"what": "a\nb"}, "name a mode"),
        ({"what": "x" * 2000}, "name a mode"),
        ({"what": "local", "for_s": "0"}, "from 1 s"),
        ({"what": "local", "for_s": "2h"}, "from 1 s"),
        ({"what": "local", "for_s": "9" * 40}, "30 days"),
        ({"what": "local", "session": "a", "project": "/b"}, "not for both"),
        ({"what": "claude-opus-5-5"}, "/model"),
    ],
)
def test_what_is_no_choice_is_said_in_words(fields, words):
    assert words in wanted(fields, 10.0)
