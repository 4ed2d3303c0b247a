"""How hard the quota must be spared."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.pace import EASY, MOST, PaceRules, paced
from standby.core.quota.windows import LENGTH_S, Window

NOW = 1_800_000_000.0


def window(used, passed, name="5h"):
    return Window(name, used, NOW + LENGTH_S[name] * (1 - passed))


windows = st.lists(
    st.builds(
        Window,
        st.sampled_from(["5h", "7d", "7d_opus", "overage", "input-tokens"]),
        st.none() | st.floats(0, 2),
        st.none() | st.floats(NOW - 1e6, NOW + 1e6),
    ),
    max_size=4,
)


@given(windows, st.integers(0, MOST))
def test_a_level_is_one_that_there_is_and_is_the_same_for_the_same(known, before):
    pace = paced(before, known, NOW)

    assert 0 <= pace.level <= MOST
    assert pace == paced(before, tuple(reversed(known)), NOW) or pace.level == (
        paced(before, tuple(reversed(known)), NOW).level
    )
    assert bool(pace.level) == bool(pace.why)


@given(st.floats(0, 1.5), st.floats(0.01, 0.99), st.floats(0.0, 0.5))
def test_who_uses_more_spares_no_less(used, passed, more):
    little, much = window(used, passed), window(used + more, passed)

    assert paced(0, [little], NOW).level <= paced(0, [much], NOW).level


@given(windows, st.integers(0, MOST))
def test_a_level_holds_until_the_pace_has_eased(known, before):
    again = paced(paced(before, known, NOW).level, known, NOW)

    assert paced(before, known, NOW).level == again.level


@pytest.mark.parametrize(
    ("used", "passed", "level"),
    [(0.0, 0.0, 0), (0.02, 0.001, 0), (0.15, 0.5, 0), (0.2, 0.5, 1), (0.5, 0.5, 4), (1.0, 0.5, 4)],
)
def test_use_is_held_against_the_time_that_has_passed(used, passed, level):
    assert level == paced(0, [window(used, passed)], NOW).level


def test_the_hardest_pressed_window_decides_and_is_named():
    pace = paced(0, [window(0.1, 0.5), window(0.9, 0.5, "7d")], NOW)

    assert "90% of 7d is used with 50% of it passed" == pace.why


def test_what_is_not_known_spares_nothing():
    assert EASY == paced(4, [], NOW)
    assert EASY == paced(4, [Window("5h", None, NOW + 60), Window("overage", 1.0, NOW + 60)], NOW)


def test_a_window_that_has_begun_anew_spares_nothing():
    assert EASY == paced(4, [replace(window(1.0, 0.5), resets_at=NOW - 1)], NOW)
    assert EASY == paced(4, [replace(window(1.0, 0.5), resets_at=NOW + 1e6)], NOW)


def test_a_clock_that_differs_by_minutes_is_no_matter():
    window_ahead = Window("5h", 0.3, NOW + 5 * 3600 + 120)

    assert "30% of 5h is used with 0% of it passed" == paced(0, [window_ahead], NOW).why


def test_the_numbers_can_be_others():
    strict = PaceRules(free=0.0001, steps=(0.1, 0.2, 0.3, 0.4))

    assert 4 == paced(0, [window(0.21, 0.5)], NOW, strict).level
