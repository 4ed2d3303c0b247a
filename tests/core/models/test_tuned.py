"""What was proposed and adopted is kept, found again, and given up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.fit import Kv
from standby.core.models.tuned import Proposal, Tuned, read_tuned
from standby.core.models.tuning import Drafts, Tuning
from standby.core.wire.json import dumps, loads

TUNING = Tuning(2, kv=Kv.Q8_0, flash_attention=True, drafts=Drafts.SIMPLE, measured="drafts")
ONE = Proposal("embedded/coder", "xllamacpp 1", "a desk", TUNING, 1.5, 8_000, 100.0, 60.0)
PLACE = (ONE.model, ONE.engine_version, ONE.machine)

proposals = st.builds(
    Proposal,
    *(st.sampled_from("ab"), st.sampled_from("12"), st.sampled_from("xy")),
    st.just(TUNING),
    *(st.floats(0, 9), st.integers(0, 9), st.floats(1, 9), st.floats(1, 9)),
)


@given(st.lists(proposals), st.lists(proposals))
def test_what_was_kept_is_read_again(proposed, adopted):
    tuned = Tuned()
    for one in proposed:
        tuned = tuned.proposing(one)
    for one in adopted:
        tuned = tuned.adopting(one)

    assert tuned == read_tuned(loads(dumps(tuned.as_json())))
    for one in adopted:
        newest = [each for each in adopted if place_of(each) == place_of(one)][-1]
        assert newest == tuned.in_force(*place_of(one))


def place_of(one):
    return one.model, one.engine_version, one.machine


def test_it_holds_for_this_model_this_version_and_this_machine_alone():
    tuned = Tuned().adopting(ONE)

    assert ONE == tuned.in_force(*PLACE)
    for place in range(3):
        other = [*PLACE]
        other[place] = "other"
        assert tuned.in_force(*other) is None
    assert tuned.proposal(*PLACE) is None
    assert ONE == tuned.proposing(ONE).proposal(*PLACE)


def test_what_is_given_up_is_gone_and_stays_proposed():
    other = replace(ONE, model="embedded/other")
    tuned = Tuned().proposing(ONE).adopting(ONE).adopting(other)

    assert (other,) == tuned.forgetting(ONE.model).adopted
    assert () == tuned.forgetting("").adopted
    assert (ONE,) == tuned.forgetting("").proposed


@pytest.mark.parametrize("name", sorted(ONE.as_json()))
def test_what_is_not_understood_is_left_out(name):
    broken = {**ONE.as_json(), name: ["?"]}

    assert Tuned((), (ONE,)) == read_tuned(
        {"adopted": [broken, ONE.as_json(), None], "proposed": 1}
    )


def test_it_says_what_it_brings():
    said = "drafts: a turn behind 8,000 tokens takes 60.0 s instead of 100.0 s (-40%)"
    assert said == ONE.words
    assert "(+0%)" in replace(ONE, before_s=0.0).words
