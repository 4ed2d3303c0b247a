"""The health of an engine: three failures in a row, then rests that grow, and one trial each."""

from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.health import IN_A_ROW, LONGEST_S, REST_S, TRIAL_S, Health


def failed(times, now=0.0, health=None):
    health = health or Health()
    for _ in range(times):
        health = health.failed(now)
    return health


def test_a_failure_or_two_are_chance():
    assert not failed(IN_A_ROW - 1).rests(0.0)
    assert failed(IN_A_ROW).rests(0.0)


@given(st.integers(IN_A_ROW, 10_000))
def test_each_rest_is_longer_up_to_a_longest(times):
    rest, longer = failed(times).until, failed(times + 1).until

    assert REST_S <= rest <= longer <= LONGEST_S
    assert longer in (2 * rest, LONGEST_S)


def test_after_the_rest_one_tries_and_the_others_wait_for_it():
    health = failed(IN_A_ROW)
    assert not health.rests(REST_S)

    tried = health.asked(REST_S)

    assert tried.rests(REST_S)
    assert not tried.rests(REST_S + TRIAL_S), "a trial that nobody hears of is not the last"
    assert tried.failed(REST_S + 1).rests(REST_S + 1)


def test_who_is_asked_in_its_rest_because_nobody_else_is_there_has_no_trial():
    assert failed(IN_A_ROW) == failed(IN_A_ROW).asked(1.0)
    assert Health() == Health().asked(1.0)
