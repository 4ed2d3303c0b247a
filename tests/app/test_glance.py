"""What a status line shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.app.glance import binding, glance
from standby.core.models.facts import LocalModel
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


def test_while_the_quota_lasts_the_cloud_answers_and_the_stand_in_is_named():
    said = glance(state(FIVE), [CODER], NOW)

    assert ("cloud", "", None) == (said["answering"], said["why"], said["until"])
    assert {"key": "desk/coder", "loaded": True, "rehearsal": False} == said["stand_in"]


def test_at_the_limit_it_is_the_local_model_until_the_reset():
    said = glance(state(FIVE, quotas=[SPENT]), [CODER], NOW)

    assert ("local", NOW + HOUR) == (said["answering"], said["until"])
    assert "the 5-hour limit is reached" == said["why"]


def test_without_a_local_model_nobody_answers():
    said = glance(state(quotas=[SPENT]), [], NOW)

    assert ("nobody", None) == (said["answering"], said["stand_in"])


def test_the_shortest_window_comes_first_and_buckets_of_a_minute_are_left_out():
    said = glance(state(SEVEN, Window("input-tokens", 0.9, NOW + 60), FIVE), [], NOW)

    assert ["5h", "7d"] == [window["name"] for window in said["windows"]]


def test_a_window_whose_reset_has_passed_is_whole_again():
    [window] = glance(state(Window("5h", 0.97, NOW - 1)), [], NOW)["windows"]

    assert {"name": "5h", "used": 0.0, "resets_at": None} == window


@pytest.mark.parametrize("without", [None, NOW + 9 * HOUR])
def test_of_several_limits_the_one_that_ends_last_binds(without):
    longer = Quota(State.EXHAUSTED, ALL_MODELS, until=without, claim="seven_day")

    assert longer == binding(state(quotas=[SPENT, longer]), NOW)


def test_a_limit_whose_time_is_over_keeps_nobody_from_the_cloud_any_more():
    over = Quota(State.EXHAUSTED, ALL_MODELS, until=NOW - 1, claim="five_hour", jitter_s=0.5)

    assert binding(state(quotas=[over]), NOW) is None
    assert "cloud" == glance(state(quotas=[over]), [CODER], NOW)["answering"]
    assert over == binding(state(quotas=[over]), NOW - 0.6)


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
    assert dumps(glance(state(*windows), [], NOW))
