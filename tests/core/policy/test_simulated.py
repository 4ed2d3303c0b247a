"""The short form of the benches of policy and guess: what their figures must not fall to."""

import asyncio
import gc
import statistics
import time

import pytest

from bench import bounds, deciding, policy, replayed, synthetic, weekly, workload
from standby.core.policy.features import Features
from standby.core.wire.json import dumps, loads

STEADY = synthetic.DEVELOPERS[0]


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
    assert foresight.switches < spare.switches
    assert spare.most_switches <= 2


def test_most_switches_come_of_not_knowing_what_a_window_will_be_asked_for():
    events = synthetic.month(STEADY, 3, right=True)
    of = {who: policy.row(world(events).run(events)) for who, world in bounds.WHO.items()}
    spare, asked_for, foresight = of.values()

    assert foresight.switches <= asked_for.switches < spare.switches
    assert asked_for.given_away == 0
    assert asked_for.lasts_pressed >= spare.lasts_pressed


def test_the_quota_of_a_week_lasts_where_spending_does_not():
    events = synthetic.month(STEADY, 3)
    quota = weekly.usual([events])
    auto, spare = (weekly.Weeks(choose, quota=quota) for choose in (policy.auto, policy.spare))
    auto.run(events)
    spare.run(events)

    assert any(week.refused for week in auto.weeks)
    assert not any(week.refused for week in spare.weeks)
    assert all(week.wanted_high < quota for week in spare.weeks)


def test_a_replayed_ledger_foretells_what_the_policy_does(tmp_path):
    now_and_then = synthetic.DEVELOPERS[-1]
    auto, spare = asyncio.run(replayed.lines(now_and_then, 0))

    assert "| `auto` | 14 | 100.0% | 100.0% | 0 | 0 | 0.0 | 0.0 | 100% | 100% |" in auto
    assert "| `spare` | 14 | 100.0% | 100.0% | 0 | 0 |" in spare


def test_a_month_is_the_same_each_time():
    assert [event.at for event in synthetic.month(STEADY, 1)] == [
        event.at for event in synthetic.month(STEADY, 1)
    ]


def test_the_guess_keeps_what_is_worth_it_also_where_nobody_looked():
    every = workload.cases()
    held_out = workload.figures(workload.held_out(every))
    fresh = workload.figures(workload.held_out(every, "fresh"))
    tracker = workload.figures(workload.held_out(every, "tracker"))

    assert (held_out.cases, fresh.cases, tracker.cases) == (287, 70, 70)
    assert held_out.kept >= 0.97
    assert held_out.spared >= 0.65
    assert fresh.kept >= 0.97
    assert fresh.spared >= 0.65
    assert tracker.kept >= 0.97
    assert tracker.spared >= 0.5


def reading_s():
    """Return what it takes of the processor to read the body of a megabyte that is decided upon."""
    raw = dumps(deciding.circles(deciding.SIZE)["one error"].body)
    took = []
    for _ in range(9):
        began = time.thread_time()
        loads(raw)
        took.append(time.thread_time() - began)
    return statistics.median(took)


def test_a_decision_takes_less_than_to_read_the_body():
    reading = reading_s()

    for cost in deciding.costs(rounds=1).values():
        assert cost.middle < reading


def test_the_turns_that_are_said_to_go_on_do_and_the_others_go_in_circles():
    found = deciding.circles(deciding.SIZE)
    loops = {name: Features(one.body, one.size).loop for name, one in found.items()}

    assert deciding.GOES_ON == {name for name, loop in loops.items() if loop is None}


def test_a_decision_leaves_nothing_that_only_the_collector_finds():
    every = [deciding.conversation(10_000, "Yes."), *deciding.circles(10_000).values()]
    gc.collect()
    gc.disable()
    try:
        for one in every:
            deciding.decided(one)
        assert gc.collect() == 0
    finally:
        gc.enable()
