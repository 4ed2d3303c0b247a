"""How windows went, and what follows from it for the one that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.habits import FEWEST, KEPT, Course, courses, gone_on, still_to_come

LENGTH_S = 18_000.0
moments = st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1.2)), max_size=30)


def went(*seen):
    return courses(((at, used, resets_at) for at, used, resets_at in seen), LENGTH_S)


@given(moments)
def test_a_course_never_falls_and_goes_on_in_time(seen):
    known = courses(
        ((at, used, (at // LENGTH_S + 1) * LENGTH_S) for at, used in sorted(seen)), LENGTH_S
    )

    assert len(known) <= KEPT
    for course in known:
        assert list(course.used) == sorted(course.used)
        assert list(course.passed_s) == sorted(course.passed_s)
        assert all(0 <= passed <= LENGTH_S for passed in course.passed_s)
        assert course.after(0.0) + course.at(0.0) == pytest.approx(course.used[-1])


def test_a_window_is_told_from_the_next_by_its_reset():
    known = went((100, 0.1, 18_000), (200, 0.2, 18_001), (18_100, 0.0, 36_000))

    assert [(0.1, 0.2), (0.0,)] == [course.used for course in known]
    assert (18_000, 36_000) == tuple(course.resets_at for course in known)


def test_what_is_no_news_or_comes_late_changes_nothing():
    known = went((100, 0.2, 18_000), (18_100, 0.1, 36_000))

    assert known == gone_on(known, 18_200, 0.1, 36_000, LENGTH_S)
    assert known == gone_on(known, 18_050, 0.3, 36_000, LENGTH_S)
    assert known == gone_on(known, 300, 0.9, 18_000, LENGTH_S)
    assert known == went((100, 0.2, 18_000), (150, 0.3, None), (18_100, 0.1, 36_000))


def test_older_windows_are_forgotten():
    known = went(*((n * LENGTH_S + 1, 0.5, (n + 1) * LENGTH_S) for n in range(KEPT + 5)))

    assert KEPT == len(known)
    assert (KEPT + 5) * LENGTH_S == known[-1].resets_at


def test_what_is_to_come_is_what_came_after_the_same_moment_before():
    known = [
        Course(n * LENGTH_S, (0.0, 3600.0, 7200.0), (0.1, 0.2, 0.2 + n / 10)) for n in range(1, 6)
    ]
    now = 6 * LENGTH_S

    assert pytest.approx((0.3, 0.5)) == still_to_come(known, now, 4000.0, (0.5, 0.99))
    assert pytest.approx((0.0,)) == still_to_come(known, now, 8000.0, (0.99,))
    assert still_to_come(known, 5 * LENGTH_S, 4000.0, (0.99,)) == pytest.approx((0.4,)), (
        "not itself"
    )


def test_too_few_windows_say_nothing():
    known = [Course(n * LENGTH_S, (0.0,), (0.5,)) for n in range(FEWEST - 1)]

    assert still_to_come(known, 9 * LENGTH_S, 0.0, (0.5,)) is None
    assert Course(1.0).after(0.0) == 0.0
