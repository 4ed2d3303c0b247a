"""The short form of the benches of policy and guess: what their figures must not fall to."""

import pytest

from bench import policy, workload

STEADY = policy.DEVELOPERS[0]


@pytest.fixture(scope="module")
def rows():
    return policy.simulated(1, (STEADY,))


def test_sparing_makes_the_quota_last_where_spending_does_not(rows):
    auto, _fixed, spare = rows.values()

    assert auto.lasts < 0.7
    assert spare.lasts >= 0.9
    assert spare.high_on_cloud > auto.high_on_cloud + 0.05


def test_turns_of_high_value_are_hardly_ever_given_away(rows):
    _auto, fixed, spare = rows.values()

    assert spare.given_away < fixed.given_away / 4
    assert spare.most_switches <= 2


def test_a_month_is_the_same_each_time():
    assert [event.at for event in policy.month(STEADY, 1)] == [
        event.at for event in policy.month(STEADY, 1)
    ]


def test_the_guess_keeps_what_is_worth_it_also_where_nobody_looked():
    held_out = workload.figures([case for case in workload.cases() if case.held_out])

    assert held_out.cases >= 75
    assert held_out.kept >= 0.95
    assert held_out.spared >= 0.65


def test_a_decision_is_cheap():
    middle, _ = policy.cost(rounds=50)

    assert middle < 0.005
