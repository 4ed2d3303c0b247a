"""Whether to warm, whom first, and how much at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.facts import LocalModel
from standby.core.quota.windows import Window
from standby.core.warming import (
    LONGEST_S,
    PORTION_S,
    Load,
    Pace,
    Terms,
    Warmth,
    capacity,
    common,
    first,
    foretold,
    judged,
    leisure_s,
    tell,
    together,
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


def paced(times, token_s, call_s, leisure_s=PORTION_S, pace=None):
    """The pace after so many portions at an engine that takes so long."""
    pace = pace or Pace()
    for _ in range(times):
        asked = pace.fits(leisure_s)
        pace = pace.after(asked, asked, call_s + asked * token_s)
    return pace


SMALLEST = Pace().fits(PORTION_S)
speeds = st.floats(0.0001, 1.0)


@given(speeds, st.floats(0, 2.0), st.integers(0, 60), st.floats(PORTION_S, LONGEST_S))
def test_portions_take_little_longer_than_the_smallest_or_twice_as_long(
    token_s, call_s, count, may_s
):
    smallest_s = call_s + SMALLEST * token_s
    asked = paced(count, token_s, call_s, may_s).fits(may_s)

    # One step of growth beyond the bound is how it is found.
    assert call_s + asked * token_s <= 2 * (smallest_s + max(may_s, smallest_s)) + 1e-9


@given(st.floats(0.0001, 0.002), st.floats(0, 0.02), st.sampled_from([PORTION_S, LONGEST_S]))
def test_portions_grow_to_what_may_be(token_s, call_s, may_s):
    asked = paced(40, token_s, call_s, may_s).fits(may_s)

    most = min(int(SMALLEST + may_s / token_s), 2048)
    assert most * 0.6 <= asked <= most * 1.2 + SMALLEST


@given(st.floats(0.0001, 0.002), st.floats(0, 0.02))
def test_as_soon_as_somebody_is_there_again_the_next_portion_is_a_short_one(token_s, call_s):
    pace = paced(40, token_s, call_s, LONGEST_S)
    asked = pace.fits(leisure_s(0.0))

    assert (
        asked * token_s <= 1.2 * (max(PORTION_S, call_s + SMALLEST * token_s)) + SMALLEST * token_s
    )


def test_portions_get_longer_with_the_time_in_which_nobody_has_asked():
    assert PORTION_S == leisure_s(0.0) == leisure_s(4.0)
    assert pytest.approx(0.3) == leisure_s(30.0)
    assert LONGEST_S == leisure_s(100.0) == leisure_s(100_000.0)


def test_on_a_machine_that_is_busy_a_portion_is_not_made_ever_smaller_in_vain():
    assert paced(20, 0.001, 1.0).fits(PORTION_S) > 200


def test_when_the_machine_gets_busy_and_calm_again_the_pace_follows():
    calm = paced(20, 0.001, 0.01)
    busy = paced(20, 0.01, 0.01, pace=calm)
    again = paced(20, 0.001, 0.01, pace=busy)

    assert busy.fits(PORTION_S) < calm.fits(PORTION_S) / 4
    assert again.fits(PORTION_S) > calm.fits(PORTION_S) * 0.6


def longest_s(pace, token_s, call_s):
    """How long the longest of the next portions takes, those included that are tried now and then.

    The pace is found anew by each of them, as it would be.
    """
    took = []
    for _ in range(40):
        asked = pace.fits(PORTION_S)
        took.append(call_s + asked * token_s)
        pace = pace.after(asked, asked, took[-1])
    return max(took)


@given(st.floats(0.0001, 0.01), st.floats(0.001, 0.05), st.floats(2.0, 10.0), st.integers(1, 60))
def test_once_a_busy_moment_is_over_portions_are_as_short_again_as_they_were(
    token_s, call_s, slower, count
):
    calm = paced(60, token_s, call_s)
    busy = paced(count, slower * token_s, slower * call_s, pace=calm)
    again = paced(120, token_s, call_s, pace=busy)

    before_s = longest_s(calm, token_s, call_s)
    assert longest_s(again, token_s, call_s) <= 1.2 * before_s + SMALLEST * token_s


def test_the_smallest_portion_is_tried_now_and_then_and_does_not_make_the_next_one_small():
    pace, sizes = paced(60, 0.001, 0.01), []
    for _ in range(40):
        sizes.append(pace.fits(PORTION_S))
        pace = pace.after(sizes[-1], sizes[-1], 0.01 + sizes[-1] * 0.001)

    assert 2 <= sizes.count(SMALLEST) <= 4
    assert 30 < min(size for size in sizes if size != SMALLEST)


def test_what_the_engine_knew_already_says_nothing_of_its_pace():
    assert Pace(0.1, 0.01, 64) == Pace(0.1, 0.01, 64).after(64, 1, 0.001)


def test_people_go_first_then_their_subagents_and_the_newest_of_each():
    heard = [("old", 1.0), ("a/agent", 9.0), ("new", 3.0), ("b/agent", 2.0)]

    assert ["new", "old", "a/agent", "b/agent"] == first(heard)


@given(st.permutations([("a", 1.0), ("b", 1.0), ("c/x", 5.0), ("d", 2.0)]))
def test_the_order_in_which_they_are_known_does_not_matter(heard):
    assert first(sorted(heard)) == first(heard)


@pytest.mark.parametrize(("slots", "kept"), [(None, 1), (1, 1), (2, 1), (4, 3)])
def test_one_slot_is_left_for_what_goes_beside_the_conversations(slots, kept):
    assert kept == capacity(LocalModel("desk", "coder", "", slots=slots))


@pytest.mark.parametrize(
    ("sizes", "facts", "kept"),
    [
        ([60, 40], {}, 2),
        ([60, 41, 1], {}, 1),
        ([101], {}, 1),
        ([], {}, 0),
        ([60, 41], {"context_tokens": None}, 2),
        ([60, 41], {"pins": False}, 2),
    ],
)
def test_no_more_are_kept_warm_than_the_shared_window_has_room_for(sizes, facts, kept):
    model = LocalModel("desk", "coder", "", **{"context_tokens": 100, "pins": True, **facts})

    assert kept == together(iter(sizes), model)


@pytest.mark.parametrize(
    ("ends", "reading_s", "said"),
    [
        ({}, 1e9, ""),
        ({"5h": NOW + 301}, 0.0, ""),
        ({"5h": NOW + 299}, 0.0, "5h may be used up within 5 min"),
        ({"5h": NOW + 899}, None, "5h may be used up within 15 min"),
        ({"5h": NOW + 901}, None, ""),
        ({"5h": NOW + 3600}, 1100.0, "5h may be used up within 60 min"),
        ({"7d": NOW + 100, "5h": NOW + 200}, 0.0, "7d may be used up within 2 min"),
        ({"5h": NOW - 100}, 0.0, "5h may be used up within 1 min"),
    ],
)
def test_a_window_that_ends_before_all_is_read_is_near_its_end(ends, reading_s, said):
    assert said == foretold(ends, reading_s, NOW)


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


def test_what_portions_took_says_how_long_more_of_them_take():
    assert Pace().reads_s(1000) is None
    assert Pace(0.1).reads_s(1000) is None, "nobody has seen what a token more costs"
    assert pytest.approx(10.1) == Pace(0.1, 0.01, 64).reads_s(1000)
