"""What a status line shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.app.local.speeds import Speeds
from standby.app.showing.glance import binding, shown_model, shown_windows
from standby.core.models.facts import LocalModel
from standby.core.models.speed import Timings
from standby.core.quota.machine import Quota, State
from standby.core.quota.signals import ALL_MODELS
from standby.core.quota.state import AccountState
from standby.core.quota.windows import Window
from standby.core.wire.json import dumps
from tests.fakes.replies import HOUR, NOW

CODER = LocalModel("desk", "coder", "http://127.0.0.1:1", loaded=True)
SPENT = Quota(State.EXHAUSTED, ALL_MODELS, until=NOW + HOUR, claim="five_hour")
FIVE, SEVEN = Window("5h", 0.62, NOW + HOUR), Window("7d", 0.41, NOW + 9 * HOUR)


def state(*windows, quotas=()):
    return AccountState(tuple(quotas), windows)


def test_the_shortest_window_comes_first_and_buckets_of_a_minute_are_left_out():
    shown = shown_windows(state(SEVEN, Window("input-tokens", 0.9, NOW + 60), FIVE), NOW)

    assert ["5h", "7d"] == [window["name"] for window in shown]
    assert {"name": "5h", "used": 0.62, "resets_at": NOW + HOUR} == shown[0]


def test_a_window_whose_reset_has_passed_is_whole_again():
    [window] = shown_windows(state(Window("5h", 0.97, NOW - 1)), NOW)

    assert {"name": "5h", "used": 0.0, "resets_at": None} == window


def test_of_the_local_model_its_speed_is_told_once_it_is_known():
    speeds = Speeds()
    unknown = shown_model(CODER, speeds)
    speeds.learn(CODER, Timings(0, 100, 1.0, 200, 5.0))

    expected = {"key": "desk/coder", "loaded": True, "rehearsal": False, "writes_per_s": None}
    assert expected == unknown
    assert expected | {"writes_per_s": 40.0} == shown_model(CODER, speeds)
    assert shown_model(None, speeds) is None


@pytest.mark.parametrize("end", [None, NOW + 9 * HOUR])
def test_of_several_limits_the_one_that_ends_last_binds(end):
    longer = Quota(State.EXHAUSTED, ALL_MODELS, until=end, claim="seven_day")

    assert longer == binding(state(quotas=[SPENT, longer]), NOW)


def test_a_limit_whose_time_is_over_keeps_nobody_from_the_cloud_any_more():
    over = Quota(State.EXHAUSTED, ALL_MODELS, until=NOW - 1, claim="five_hour", jitter_s=0.5)

    assert binding(state(quotas=[over]), NOW) is None
    assert over == binding(state(quotas=[over]), NOW - 0.6)


def test_an_outage_holds_until_somebody_was_served():
    down = Quota(State.RESTING, ALL_MODELS, until=NOW - 1, claim="down", failures=9)

    assert down == binding(state(quotas=[down]), NOW)


@given(
    st.lists(
        st.builds(
            Window,
            st.sampled_from(["5h", "7d", "7d_oi", "overage", "odd"]),
            st.none() | st.floats(0, 2),
            st.none() | st.floats(NOW - HOUR, NOW + HOUR),
        )
    )
)
def test_whatever_is_known_can_be_said(windows):
    assert dumps(shown_windows(state(*windows), NOW))
