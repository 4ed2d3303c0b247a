"""How fast a model reads: what was seen is what is expected, and more depth takes longer."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from standby.core.models.speed import LEAST, Progress, Speed, Timings, left_s

costs = st.floats(1e-5, 1e-1)
slopes = st.floats(0.0, 1e-6)


def takes(base, slope, start, end):
    return base * (end - start) + slope * (end * end - start * start) / 2


@given(st.integers(LEAST, 100_000), st.floats(0.01, 1e4))
def test_what_took_so_long_once_is_expected_to_take_as_long_again(tokens, seconds):
    assert pytest.approx(seconds) == Speed().read(0, tokens, seconds).expected_s(0, tokens)


@given(costs, slopes, st.integers(1_000, 50_000), st.integers(51_000, 100_000))
def test_two_depths_are_enough_to_tell_a_third(base, slope, middle, end):
    speed = Speed().read(0, middle, takes(base, slope, 0, middle))
    speed = speed.read(middle, end, takes(base, slope, middle, end))

    expected = takes(base, slope, end, 2 * end)
    assert pytest.approx(expected, rel=1e-3) == speed.expected_s(end, 2 * end)


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(1, 10_000), st.floats(0, 1e4)), max_size=30
    ),
    st.integers(0, 1_000),
    st.integers(0, 100_000),
)
def test_whatever_was_seen_nothing_takes_less_than_no_time_and_more_takes_longer(seen, start, more):
    speed = Speed()
    for begin, length, seconds in seen:
        speed = speed.read(begin, begin + length, seconds)

    expected = speed.expected_s(start, start + more)

    assert expected is None or 0 <= expected <= speed.expected_s(start, start + 2 * more + 1)


def test_nobody_knows_what_was_never_seen_and_a_handful_of_tokens_says_nothing():
    assert Speed().expected_s(0, 1_000) is None
    assert Speed() == Speed().read(0, LEAST - 1, 1.0)
    assert Speed() == Speed().read(0, 1_000, 0.0)


def test_an_answer_teaches_how_fast_both_go():
    speed = Speed().took(Timings(1_000, 500, 5.0, 100, 10.0))

    assert pytest.approx(5.0) == speed.expected_s(1_000, 1_500)
    assert pytest.approx(10.0) == speed.tokens_a_second
    again = speed.took(Timings(0, 0, 0.0, 100, 5.0))
    assert pytest.approx(13.0) == again.tokens_a_second


def test_only_the_newest_is_kept():
    speed = Speed().read(0, 1_000, 1_000.0)
    for _ in range(16):
        speed = speed.read(0, 1_000, 1.0)

    assert pytest.approx(1.0) == speed.expected_s(0, 1_000)


@given(costs, slopes, st.integers(4, 20), st.integers(0, 4_000))
def test_a_server_that_tells_how_far_it_is_has_told_how_long_the_rest_takes(
    base, slope, steps, cached
):
    total = cached + 2_048 * steps
    seen = [
        Progress(at, total, cached, takes(base, slope, cached, at))
        for at in range(cached, total, 2_048)
    ]
    assume(len(seen) > 3)

    expected = takes(base, slope, seen[-1].processed, total)
    assert pytest.approx(expected, rel=0.3) == left_s(seen)


def test_at_the_beginning_nothing_is_known_of_the_rest():
    assert left_s([]) is None
    assert left_s([Progress(100, 16_000, 100, 0.1)]) is None
