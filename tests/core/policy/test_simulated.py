"""The short form of the benches of policy and guess: what their figures must not fall to."""

import pytest

from bench import policy, workload

STEADY = policy.DEVELOPERS[0]


@pytest.fixture(scope="module")
def rows():
    found = policy.simulated([3], (STEADY,))
    return {name: policy.row(counted) for (_, name), counted in found.items()}


def test_sparing_makes_the_quota_last_where_spending_does_not(rows):
    auto, _fixed, spare, foresight = rows.values()

    assert auto.lasts < 0.7
    assert spare.lasts >= 0.9
    assert spare.high_on_cloud > auto.high_on_cloud + 0.05
    assert spare.lasts <= foresight.lasts == 1.0
    assert foresight.given_away == 0


def test_turns_of_high_value_are_hardly_ever_given_away(rows):
    _auto, fixed, spare, foresight = rows.values()

    assert spare.given_away < fixed.given_away / 4
    assert spare.given_knowingly == 0
    assert foresight.switches < spare.switches <= 3


def test_a_month_is_the_same_each_time():
    assert [event.at for event in policy.month(STEADY, 1)] == [
        event.at for event in policy.month(STEADY, 1)
    ]


def test_the_guess_keeps_what_is_worth_it_also_where_nobody_looked():
    every = workload.cases()
    held_out = workload.figures(workload.held_out(every))
    fresh = workload.figures(workload.held_out(every, "fresh"))

    assert (held_out.cases, fresh.cases) == (217, 70)
    assert held_out.kept >= 0.95
    assert held_out.spared >= 0.8
    assert fresh.kept >= 0.9
    assert fresh.spared >= 0.7


def test_a_decision_is_cheap():
    assert policy.cost(rounds=2).middle < 0.001
