"""The past under another policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.metering import Past
from standby.core.policy.modes import Mode
from standby.core.policy.privacy import Border, Privacy
from standby.core.policy.replay import Wanted, replayed, told
from tests.fakes.replays import HIGH, HOUR, LOW, PRICES, row, said, seen
from tests.fakes.rooms import RULES

DOLLARS = 0.015


def replay(rows, windows=(), mode=Mode.AUTO, **more):
    return replayed(Past([*rows], [*windows]), Wanted(mode, **more), RULES.values(), PRICES)


def pressed(used=0.9):
    """Half of the window has passed, and this much of it is used."""
    return [seen(0, 0.0, 2.5 * HOUR), seen(1, used, 2.5 * HOUR)]


@given(st.lists(st.sampled_from([(HIGH, 2), (LOW, 95)]), max_size=8))
def test_under_auto_what_the_cloud_answered_it_answers(kinds):
    rows = [row(n, 10.0 * n, said(kind, little)) for n, (kind, little) in enumerate(kinds, 1)]
    found = replay(rows, pressed(0.5))

    assert found.was == found.would
    assert all(end.was == end.would for end in found.windows)
    assert (len(kinds), len(kinds), 0) == (found.requests, found.whole, found.left_out)


def test_sparing_keeps_what_counts_and_leaves_more_of_the_window():
    rows = [row(1, 10, said(HIGH, 2)), row(2, 20, said(LOW, 95)), row(3, 30, session="s/agent")]
    found = replay(rows, pressed(), Mode.SPARE)

    assert (3, 0) == (found.was.cloud, found.was.local)
    assert (1, 2, 0) == (found.would.cloud, found.would.local, found.would.high_local)
    (end,) = found.windows
    assert (0.9, pytest.approx(0.3)) == (end.was, end.would)
    assert pytest.approx(3 * DOLLARS) == found.was.cost_usd
    assert pytest.approx(DOLLARS) == found.would.cost_usd


def test_what_the_spent_quota_kept_here_goes_to_the_cloud_where_something_is_left():
    low = [row(n, n, said(LOW, 95)) for n in range(1, 11)]
    late = row(11, 2 * HOUR, said(HIGH, 2), by="local", saved=True)
    windows = [seen(0, 0.0), seen(5, 0.6), seen(11, 1.0)]
    auto, spare = (replay([*low, late], windows, mode) for mode in (Mode.AUTO, Mode.SPARE))

    assert (1, 1) == (auto.was.high_local, auto.would.high_local)
    assert 0 == spare.would.high_local
    assert spare.windows[0].ran_out == (True, False)
    assert auto.windows[0].ran_out == (True, True)


def test_what_was_refused_for_other_reasons_is_refused_again():
    down = row(1, 10, said(HIGH, 2), by="local", saved=True)

    assert (0, 1) == (replay([down]).would.cloud, replay([down]).would.local)
    assert 1 == replay([down], pressed(0.5)).would.local


def test_a_conversation_that_changes_sides_is_counted():
    rows = [
        row(n, 10 * n, said(HIGH, 2), session="s", by=by)
        for n, by in enumerate(["cloud", "local", "cloud"])
    ]
    found = replay(rows)

    assert (2, 0) == (found.was.switches, found.would.switches)


def test_local_asks_the_cloud_for_nothing_and_a_border_nobody():
    rows = [row(1, 10, said(), project="/work/secret"), row(2, 20, said())]
    local = replay(rows, mode=Mode.LOCAL)
    both = (Border(Privacy.LOCAL_ONLY, "/work"), Border(Privacy.CLOUD_ONLY, "/work/secret"))
    barred = replay(rows, borders=both)

    assert (0, 2) == (local.would.cloud, local.would.local)
    assert (1, 0, 1) == (barred.would.cloud, barred.would.local, barred.would.nobody)


def test_what_nobody_answered_is_left_out_and_what_has_no_price_named():
    rows = [row(1, by="nobody"), row(2, by="gateway"), row(3, requested="claude-unheard-of")]
    found = replay(rows)

    assert (1, 2, ("claude-unheard-of",)) == (found.requests, found.left_out, found.unpriced)
    assert 0.0 == found.was.cost_usd


def test_an_empty_past_has_nothing_to_tell():
    assert told(replay([], pressed()))["windows"] == []


def test_it_is_told_in_a_shape_that_stays():
    found = told(replay([row(1, 10, said())], pressed(0.5), Mode.SPARE))

    assert 1 == found["version"]
    assert {"cloud", "local", "nobody", "high_local", "switches", "cloud_cost_usd"} == set(
        found["would"]
    )
    assert {"used_was": 0.5, "ran_out_was": False}.items() <= found["windows"][0].items()


def test_the_same_past_gives_the_same_result():
    rows = [row(n, 10 * n, said(LOW if n % 2 else HIGH, 95 if n % 2 else 2)) for n in range(9)]

    assert replay(rows, pressed(), Mode.SPARE) == replay(rows, pressed(), Mode.SPARE)
