"""Habits are learnt from each answer, and taken up again after a restart."""

import pytest

from standby.app.habits import Habits
from standby.core.policy.metering import Seen
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.ports import RecordsError
from tests.fakes.clock import SetClock

pytestmark = pytest.mark.anyio

A = Account("a")
HOUR = 3600.0


class Paper:
    """A ledger of windows on paper."""

    def __init__(self, *seen):
        self.seen = seen

    async def rows(self, since, after, limit):
        return ()

    async def windows(self, since):
        return tuple(one for one in self.seen if one.at >= since)


class Lost(Paper):
    async def windows(self, since):
        raise RecordsError("it is damaged")


def used(habits, account=A):
    return [course.used for course in habits.of(account)["5h"]]


def test_an_answer_teaches_what_its_windows_say():
    habits = Habits()
    habits.learn(A, [Window("5h", 0.1, 5 * HOUR), Window("7d", 0.5, 100 * HOUR)], 10.0)
    habits.learn(A, [Window("5h", 0.2, 5 * HOUR), Window("5h", None, 5 * HOUR)], 20.0)
    habits.learn(A, [Window("5h", 0.3, None)], 30.0)

    assert {"5h"} == set(habits.of(A))
    assert [(0.1, 0.2)] == used(habits)
    assert [] == used(habits, Account("b"))


async def test_what_the_ledger_has_seen_comes_before_what_was_learnt_meanwhile():
    habits = Habits()
    habits.learn(A, [Window("5h", 0.3, 10 * HOUR)], 6 * HOUR)
    past = Seen(A, "5h", HOUR, 0.9, 5 * HOUR), Seen(A, "7d", HOUR, 0.9, 5 * HOUR)
    await habits.recall(Paper(*past, Seen(A, "5h", 6 * HOUR, 0.3, 10 * HOUR)), SetClock(6 * HOUR))

    assert [(0.9,), (0.3,)] == used(habits)
    habits.learn(A, [Window("5h", 0.4, 10 * HOUR)], 7 * HOUR)
    assert [(0.9,), (0.3, 0.4)] == used(habits)


async def test_a_ledger_is_read_once_it_is_in_the_schema_of_this_version():
    history, habits = Lost(), Habits()
    past = Paper(Seen(A, "5h", HOUR, 0.9, 5 * HOUR))

    async def settle():
        history.windows = past.windows

    await habits.recall(history, SetClock(6 * HOUR), settle)

    assert [(0.9,)] == used(habits)


async def test_without_a_ledger_all_is_learnt_anew():
    habits = Habits()
    habits.learn(A, [Window("5h", 0.3, 10 * HOUR)], 6 * HOUR)
    await habits.recall(Lost(), SetClock(6 * HOUR))

    assert [(0.3,)] == used(habits)
