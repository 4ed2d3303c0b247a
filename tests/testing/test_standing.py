"""A quota is spent, is refused until its reset, and is there again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.testing.accounts import Plan
from standby.testing.limits import Moment, Refused
from standby.testing.standing import Limit, Standing


def refused(standing, now, model="claude-opus-5-5"):
    moment = Moment(now, now, model, streamed=False, plan=Plan.SUBSCRIPTION, request_id="")
    return isinstance(standing.judge(moment), Refused)


def serve(standing, now):
    if refused(standing, now):
        return False
    standing.served()
    return True


@given(st.integers(0, 5), st.integers(1, 3), st.integers(1, 50))
def test_each_window_serves_so_many_and_refuses_until_its_reset(after, windows, seconds):
    standing = Standing(Limit(after=after, seconds=seconds, windows=windows))
    now = 1000.0
    for _ in range(windows):
        assert [True] * after + [False] * 2 == [serve(standing, now) for _ in range(after + 2)]
        assert refused(standing, now + seconds - 0.5)
        now += seconds

    assert all(serve(standing, now) for _ in range(after + 2))


def test_what_was_used_counts_from_the_reset():
    standing = Standing(Limit(after=2, seconds=10, windows=2))
    used = [standing.used()]
    for now in (0, 0, 0, 10):
        serve(standing, now)
        used.append(standing.used())

    assert [0, 0.5, 1, 1, 0.5] == used


def test_two_limits_end_each_by_itself():
    standing = Standing()
    standing.exhaust("seven_day_opus", 100)
    standing.exhaust("five_hour", 50)

    assert 100 == standing.until()
    assert refused(standing, 49, "claude-sonnet-5-5")
    assert not refused(standing, 50, "claude-sonnet-5-5")
    assert refused(standing, 50)
    assert not refused(standing, 100)
    assert 0 == standing.until()


def test_a_limit_from_outside_takes_no_window_of_the_quota():
    standing = Standing(Limit(after=1, seconds=10))
    standing.exhaust("five_hour", 5)

    assert [False, True, False] == [serve(standing, 0), serve(standing, 5), serve(standing, 5)]


def test_a_limit_can_be_lifted():
    standing = Standing(Limit(after=1))
    assert [True, False] == [serve(standing, 0), serve(standing, 0)]
    standing.restore()

    assert serve(standing, 0)


def test_a_form_must_have_a_name_that_exists():
    with pytest.raises(ValueError, match="no form named 'x'; there are five_hour, "):
        Standing().exhaust("x", 1)
