"""How hard the quota must be spared."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.habits import Course
from standby.core.policy.pace import EASY, MOST, PaceRules, Step, paced
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
    assert pace == paced(before, tuple(reversed(known)), NOW)
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
    steps = tuple(Step(even, 0.9, 0.9) for even in (0.1, 0.2, 0.3, 0.4))
    strict = PaceRules(free=0.0001, steps=steps)

    assert 4 == paced(0, [window(0.21, 0.5)], NOW, strict).level


def went(*used, begins=0):
    """A window that used so much by each hour."""
    length_s = LENGTH_S["5h"]
    passed = tuple(3600.0 * hour for hour in range(len(used)))
    return Course(NOW - begins * length_s, passed, used)


def test_what_used_to_come_is_reckoned_with():
    now = window(0.36, 0.21)  # a little more than one hour has passed
    heavy = [went(0.0, 0.3, 0.6, 0.9, begins=n) for n in range(6, 1, -1)]
    light = [went(0.0, 0.25, 0.3, begins=n) for n in range(6, 1, -1)]

    pressed = paced(0, [now], NOW, habits={"5h": heavy})
    assert (4, 0) == (pressed.level, paced(0, [now], NOW, habits={"5h": light}).level)
    assert "60% more may be by its reset, as windows went before" in pressed.why


def test_a_few_windows_tell_no_habits():
    now = window(0.3, 0.2)

    assert paced(0, [now], NOW) == paced(0, [now], NOW, habits={"5h": [went(0.9)] * 3})


@given(windows, st.integers(0, MOST), st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_with_habits_too_a_level_holds_until_the_pace_has_eased(known, before, used):
    habits = {"5h": [went(*sorted(used), begins=n) for n in range(8, 1, -1)]}
    level = paced(before, known, NOW, habits=habits).level

    assert level == paced(level, known, NOW, habits=habits).level
    assert level >= paced(0, known, NOW, habits=habits).level
