"""One budget for all requests."""

from standby.app.cloud.budget import Retries
from standby.core.quota.retries import LEAST, WINDOW_S
from tests.fakes.clock import SetClock


def test_it_is_spent_and_comes_back():
    clock, retries = SetClock(), Retries()

    assert [True] * LEAST + [False] == [retries.draw(clock) for _ in range(LEAST + 1)]
    clock.passes(WINDOW_S)
    assert retries.draw(clock)


def test_many_requests_make_room_for_more():
    clock, retries = SetClock(), Retries()
    for _ in range(50):
        retries.asked(clock)

    assert 10 == [retries.draw(clock) for _ in range(20)].count(True)
