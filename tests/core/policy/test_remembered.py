"""A kept explanation is read back as the facts that it was made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.decide import decide
from standby.core.policy.explained import explained
from standby.core.policy.features import Features
from standby.core.policy.remembered import remembered
from standby.core.policy.verdicts import Candidate, Facts
from standby.core.policy.workload import UNKNOWN, Workload
from standby.core.quota.machine import Admission
from standby.core.usage import Tokens
from standby.core.wire.purpose import Purpose
from tests.fakes.replays import entry, said
from tests.fakes.rooms import RULES
from tests.fakes.turns_of_work import loop, says

CLOUD = Candidate("cloud", is_cloud=True)
WORDS = (
    "Rename `a` to `b`.",
    "Propose a design; weigh the options.",
    "Hm.",
    "Gather moss, roll stones, quietly, like millers from beyond hills",
    "Why does it crash?",
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(WORDS),
    st.sampled_from([Purpose.WORK, Purpose.SUBAGENT, Purpose.TITLE]),
    st.booleans(),
    st.booleans(),
)
def test_what_was_kept_comes_back(words, purpose, in_loop, tools):
    turns = loop(words) if in_loop else [says(words)]
    more = {"tools": [{"name": "Read"}]} if tools else {}
    features = Features({"messages": turns, **more}, 4000)
    facts = Facts("m", purpose, Admission.GO, "", True, True, features=features)
    kept = explained(facts, decide(facts, [CLOUD], RULES.values()), read=True)
    known = remembered(entry(1), kept)

    assert known.whole
    assert (purpose, 1000, in_loop) == (
        known.purpose,
        known.features.tokens,
        known.features.in_loop,
    )
    assert features.needs == known.features.needs
    assert features.workload.kind is known.features.workload.kind
    assert features.workload.of_high_value == known.features.workload.of_high_value
    assert features.workload.may_be_of_little_value == (
        known.features.workload.may_be_of_little_value
    )


@given(json_values)
def test_whatever_was_kept_something_comes_back(kept):
    known = remembered(entry(1), {"facts": kept})

    assert known.purpose in Purpose
    assert known.features.workload is not None


@pytest.mark.parametrize("kept", [None, {}, {"facts": {"body": "not read"}}, {"facts": 3}])
def test_of_a_row_alone_little_is_known(kept):
    main = remembered(entry(1, tokens=Tokens(5, 9, 70, 600)), kept)
    beside = remembered(entry(1, session="s/agent"), kept)

    assert (Purpose.WORK, 675, False) == (main.purpose, main.features.tokens, main.whole)
    assert UNKNOWN == main.features.workload
    assert Purpose.SUBAGENT is beside.purpose


def test_an_older_guess_says_how_probable_little_value_is_by_how_sure_it_was():
    sure, unsure = said("question (61% sure)"), said("question (59% sure)")
    for one in (sure, unsure):
        del one["facts"]["of little value"]

    assert not remembered(entry(1), sure).features.workload.of_high_value
    assert remembered(entry(1), unsure).features.workload.of_high_value
    assert remembered(entry(1), sure).features.workload.kind is Workload.QUESTION
