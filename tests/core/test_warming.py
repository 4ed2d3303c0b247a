"""Whether to warm, whom first, and how much at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.facts import LocalModel
from standby.core.quota.windows import Window
from standby.core.warming import (
    PORTION_S,
    Load,
    Pace,
    Terms,
    Warmth,
    capacity,
    common,
    first,
    judged,
    tell,
)

NOW = 1_795_000_000.0
CALM = Load()


@pytest.mark.parametrize(
    ("terms", "load", "cloud", "warm"),
    [
        (Terms(), CALM, "", False),
        (Terms(), CALM, "92% of 5h is used", True),
        (Terms("always"), CALM, "", True),
        (Terms("off"), CALM, "the cloud is out", False),
        (Terms(), Load(on_battery=True), "the cloud is out", False),
        (Terms(on_battery=True), Load(on_battery=True), "the cloud is out", True),
        (Terms(), Load(busy=0.8), "the cloud is out", False),
        (Terms(busy=1.0), Load(busy=1.0), "the cloud is out", True),
        (Terms(), Load(celsius=91.0), "the cloud is out", False),
        (Terms(), Load(celsius=84.0), "the cloud is out", True),
        (Terms(hot_c=95.0), Load(celsius=91.0), "the cloud is out", True),
        (Terms(hot_c=0.0), Load(celsius=99.0), "the cloud is out", True),
    ],
)
def test_the_quota_the_battery_and_the_load_decide(terms, load, cloud, warm):
    verdict = judged(terms, load, cloud, asked=False)

    assert warm == verdict.warm
    assert verdict.why


@given(
    st.builds(Terms, st.sampled_from(["auto", "always", "off"]), busy=st.floats(0, 1)),
    st.builds(Load, st.booleans(), st.floats(0, 1)),
    st.sampled_from(["", "the cloud is out"]),
)
def test_who_asks_for_it_gets_it_whatever_else_is_so(terms, load, cloud):
    assert judged(terms, load, cloud, asked=True).warm


@pytest.mark.parametrize(
    ("window", "near"),
    [
        (Window("5h", 0.79, NOW + 60), False),
        (Window("5h", 0.8, NOW + 60), True),
        (Window("5h", 0.99, NOW - 1), False),  # it has begun anew since
        (Window("5h", 0.8, None), True),
        (Window("7d", None, None, "allowed_warning"), True),
        (Window("7d", 0.3, None, "allowed", 0.25), False),
        (Window("7d", 0.3, None, "allowed", 0.9), True),
        (Window("overage", None, None, "rejected"), True),
        (Window("7d"), False),
    ],
)
def test_a_window_is_near_its_end_by_its_share_or_by_the_clouds_word(window, near):
    said = tell((Window("other", 0.1), window), 0.8, NOW)

    assert near == bool(said)
    assert not near or window.name in said


@given(st.floats(0.0001, 1.0), st.floats(0, 2.0), st.integers(0, 60))
def test_portions_take_little_longer_than_the_smallest_or_twice_as_long(token_s, call_s, count):
    pace, smallest_s = Pace(), call_s + Pace().tokens * token_s
    for _ in range(count):
        took_s = call_s + pace.tokens * token_s
        # One step of growth beyond the bound is how it is found.
        assert took_s <= 1.5 * (smallest_s + max(PORTION_S, smallest_s))
        pace = pace.after(pace.tokens, took_s)


@given(st.floats(0.0001, 0.002), st.floats(0, 0.02))
def test_portions_grow_to_what_may_be(token_s, call_s):
    pace = Pace()
    for _ in range(40):
        pace = pace.after(pace.tokens, call_s + pace.tokens * token_s)

    most = int(Pace().tokens + PORTION_S / token_s)
    assert min(most, 1024) * 0.6 <= pace.tokens <= most + 1


def test_on_a_machine_that_is_busy_a_portion_is_not_made_ever_smaller_in_vain():
    pace = Pace()
    for _ in range(20):
        pace = pace.after(pace.tokens, 1.0 + pace.tokens * 0.001)

    assert pace.tokens > 200


def test_when_the_machine_gets_busy_and_calm_again_the_pace_follows():
    pace = Pace()
    for _ in range(20):
        pace = pace.after(pace.tokens, 0.01 + pace.tokens * 0.001)
    calm = pace.tokens
    for _ in range(20):
        pace = pace.after(pace.tokens, 0.01 + pace.tokens * 0.01)
    assert pace.tokens < calm / 4
    for _ in range(20):
        pace = pace.after(pace.tokens, 0.01 + pace.tokens * 0.001)
    assert pace.tokens > calm * 0.6


def test_what_the_engine_knew_already_says_nothing_of_its_pace():
    assert Pace(64) == Pace(64).after(1, 0.001)


def test_people_go_first_then_their_subagents_and_the_newest_of_each():
    heard = [("old", 1.0), ("a/agent", 9.0), ("new", 3.0), ("b/agent", 2.0)]

    assert ["new", "old", "a/agent", "b/agent"] == first(heard)


@given(st.permutations([("a", 1.0), ("b", 1.0), ("c/x", 5.0), ("d", 2.0)]))
def test_the_order_in_which_they_are_known_does_not_matter(heard):
    assert first(sorted(heard)) == first(heard)


@pytest.mark.parametrize(("slots", "kept"), [(None, 1), (1, 1), (2, 1), (4, 3)])
def test_one_slot_is_left_for_what_goes_beside_the_conversations(slots, kept):
    assert kept == capacity(LocalModel("desk", "coder", "", slots=slots))


tokens = st.lists(st.integers(0, 2), max_size=30)


@given(tokens, tokens, tokens)
def test_what_two_prompts_have_in_common_is_their_longest_same_beginning(same, one, other):
    found = common((*same, *one), (*same, *other))

    assert found >= len(same)
    assert (*same, *one)[:found] == (*same, *other)[:found]
    assert (*same, *one)[found : found + 1] != (*same, *other)[found : found + 1] or (
        found == min(len(same) + len(one), len(same) + len(other))
    )


@pytest.mark.parametrize(
    ("warmth", "state", "part"),
    [
        (Warmth("s", 0, 0), "cold", 0.0),
        (Warmth("s", 0, 10), "cold", 0.0),
        (Warmth("s", 5, 10, at_work=True), "warming", 0.5),
        (Warmth("s", 5, 10), "cold", 0.5),
        (Warmth("s", 10, 10), "warm", 1.0),
    ],
)
def test_a_conversation_is_warm_when_all_of_its_prompt_is_read(warmth, state, part):
    assert (state, part) == (warmth.state, warmth.part)
