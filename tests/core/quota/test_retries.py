"""The retry budget: whatever happens, a share of all requests, and a few in any case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.quota.retries import LEAST, SHARE, WINDOW_S, Budget

STEPS = st.lists(
    st.tuples(st.sampled_from(["asked", "again"]), st.floats(0, 4, allow_nan=False)), max_size=80
)


@given(STEPS)
def test_in_no_window_are_there_more_than_the_share_or_the_least(steps):
    now, budget, asked, again = 1000.0, Budget(), [], []
    for what, pause in steps:
        now += pause
        recent_tries = [at for at in again if int(at) > int(now) - WINDOW_S]
        recent = [at for at in asked if int(at) > int(now) - WINDOW_S]
        if what == "asked":
            budget = budget.asked(now)
            asked.append(now)
            continue
        left = budget.again(now)
        allowed = len(recent_tries) + 1 <= max(LEAST, SHARE * len(recent))
        assert allowed == (left is not None)
        if left is not None:
            budget = left
            again.append(now)
        assert len(budget.seconds) <= WINDOW_S


@pytest.mark.parametrize(("requests", "tries"), [(0, 3), (1, 3), (15, 3), (20, 4), (100, 20)])
def test_so_many_may_be_asked_again(requests, tries):
    budget = Budget()
    for _ in range(requests):
        budget = budget.asked(5.0)
    made = 0
    while (left := budget.again(6.0)) is not None:
        budget, made = left, made + 1

    assert tries == made


def test_what_was_drawn_comes_back_with_time():
    budget = Budget()
    for _ in range(LEAST):
        budget = budget.again(0.0)

    assert budget.again(WINDOW_S - 0.1) is None
    assert budget.again(WINDOW_S) is not None
