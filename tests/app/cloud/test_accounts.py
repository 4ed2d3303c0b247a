import asyncio

import pytest

from standby.app.cloud.accounts import MAX_ACCOUNTS, Accounts
from standby.core.quota.machine import Admission, QuotaRules, State
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Aside, Down, Exhausted, Served
from standby.core.quota.windows import read_windows
from standby.core.request import Account
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.memory_store import MemoryStore
from tests.fakes.replies import HOUR, NOW, OPUS, at, reply, unified
from tests.fakes.rooms import READERS

pytestmark = pytest.mark.anyio

HAIKU = "claude-haiku-5-5"
ME, YOU = Account("a1"), Account("b2")
SERVED = unified(200, {"status": "allowed", "5h-utilization": "0.4", "5h-reset": at(HOUR)})
SPENT = unified(
    429,
    {"status": "rejected", "representative-claim": "five_hour", "reset": at(HOUR)},
    kind="rate_limit_error",
    message="…",
)
OPUS_SPENT = unified(429, {"representative-claim": "seven_day_opus", "reset": at(HOUR)})


class World:
    """Accounts, and all that they need."""

    def __init__(self, store=None, **rules):
        self.clock = SetClock(NOW)
        self.store = store or WatchedStore()
        self.changes = []
        self.seen = []
        self.accounts = self.again(**rules)

    def again(self, **rules):
        """Return the accounts of a gateway that was started anew."""
        return Accounts(
            self.store,
            self.clock,
            LoadedDice(0.5),
            READERS,
            QuotaRules(jitter_s=10.0, **rules),
            self.changes.append,
            lambda *seen: self.seen.append(seen),
        )


class WatchedStore(MemoryStore):
    """A store that says when it was written to, and may be slow."""

    def __init__(self):
        super().__init__()
        self.asked = asyncio.Event()
        self.saved = asyncio.Event()
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.saves = 0

    async def save(self, state):
        self.saves += 1
        self.asked.set()
        await self.may_go.wait()
        await super().save(state)
        self.saved.set()


async def test_requests_go_to_the_cloud_while_it_serves():
    accounts = World().accounts

    assert Admission.GO is accounts.admission(ME, OPUS)
    assert Served() == accounts.heard(ME, OPUS, SERVED)
    assert Admission.GO is accounts.admission(ME, OPUS)


async def test_nobody_asks_a_spent_quota_until_its_reset_and_then_one_does():
    world = World()
    accounts = world.accounts

    assert isinstance(accounts.heard(ME, OPUS, SPENT), Exhausted)
    assert Admission.STAY is accounts.admission(ME, HAIKU)
    world.clock.passes(1700)
    assert Admission.STAY is accounts.admission(ME, OPUS)
    world.clock.passes(1900 + 4.9)  # the reset, and nearly half of the jitter
    assert Admission.TRY is accounts.admission(ME, OPUS)  # the probe that was due meanwhile
    world.clock.passes(0.1)
    assert [Admission.STAY] * 9 == [accounts.admission(ME, OPUS) for _ in range(9)]

    accounts.heard(ME, OPUS, SERVED, trying=True)
    assert Admission.GO is accounts.admission(ME, OPUS)


async def test_of_a_hundred_requests_at_the_reset_one_tries():
    world = World(probe_every_s=9e9)
    world.accounts.heard(ME, OPUS, SPENT)
    world.clock.passes(HOUR + 5)

    asked = [world.accounts.admission(ME, OPUS) for _ in range(100)]
    assert 1 == asked.count(Admission.TRY)
    assert 99 == asked.count(Admission.STAY)


async def test_one_account_says_nothing_about_another():
    accounts = World().accounts
    accounts.heard(ME, OPUS, SPENT)

    assert Admission.GO is accounts.admission(YOU, OPUS)
    assert State.OPEN is accounts.standing(YOU, OPUS).state


async def test_a_spent_opus_window_does_not_stop_haiku():
    accounts = World().accounts
    accounts.heard(ME, OPUS, OPUS_SPENT)

    assert Admission.STAY is accounts.admission(ME, OPUS)
    assert Admission.GO is accounts.admission(ME, HAIKU)
    assert "seven_day_opus" == accounts.standing(ME, OPUS).claim


async def test_the_answer_to_a_request_from_before_the_limit_opens_nothing():
    accounts = World().accounts
    accounts.heard(ME, OPUS, SPENT)
    accounts.heard(ME, OPUS, SERVED)

    assert Admission.STAY is accounts.admission(ME, OPUS)


async def test_a_look_at_the_quota_that_was_served_opens():
    accounts = World().accounts
    accounts.heard(ME, OPUS, SPENT)
    accounts.heard(ME, HAIKU, SERVED, trying=True)

    assert Admission.GO is accounts.admission(ME, OPUS)


async def test_a_clients_mistake_during_the_try_leaves_it_to_the_next():
    world = World()
    world.accounts.heard(ME, OPUS, SPENT)
    world.clock.passes(HOUR + 5)

    assert Admission.TRY is world.accounts.admission(ME, OPUS)
    assert world.accounts.heard(ME, OPUS, reply(400, kind="x", message="…"), trying=True) is None
    assert Admission.TRY is world.accounts.admission(ME, OPUS)
    world.accounts.released(ME, OPUS)
    assert Admission.TRY is world.accounts.admission(ME, OPUS)


async def test_a_request_that_needs_extra_usage_changes_nothing_for_others():
    accounts = World().accounts
    words = "Extra usage is required for long context requests."

    assert isinstance(accounts.heard(ME, OPUS, reply(429, kind="x", message=words)), Aside)
    assert Admission.GO is accounts.admission(ME, OPUS)


async def test_an_outage_keeps_requests_away_for_a_moment_only():
    world = World()

    assert isinstance(world.accounts.heard(ME, OPUS, Reply(0, model=OPUS, broke="lost")), Down)
    assert Admission.STAY is world.accounts.admission(ME, OPUS)
    world.clock.passes(2)
    assert Admission.GO is world.accounts.admission(ME, OPUS)


async def test_a_change_of_sides_is_told_once():
    world = World()
    world.accounts.heard(ME, OPUS, SERVED)
    world.accounts.heard(ME, OPUS, SPENT)
    world.accounts.heard(ME, OPUS, SPENT)
    world.accounts.heard(ME, OPUS, SERVED, trying=True)

    told = [(change.before.state, change.after.state) for change in world.changes]
    assert [(State.OPEN, State.EXHAUSTED), (State.EXHAUSTED, State.OPEN)] == told


async def test_a_restart_does_not_ask_a_dead_quota_again():
    world = World()
    world.accounts.heard(ME, OPUS, SPENT)
    await world.accounts.flush()
    world.clock.passes(60)
    again = world.again()
    await again.restore()

    assert Admission.STAY is again.admission(ME, OPUS)
    assert NOW + HOUR == again.standing(ME, OPUS).until
    assert Admission.GO is again.admission(YOU, OPUS)


async def test_a_try_that_a_restart_cut_short_is_made_by_the_next_request():
    world = World()
    world.accounts.heard(ME, OPUS, SPENT)
    world.clock.passes(HOUR + 5)
    world.accounts.admission(ME, OPUS)
    world.accounts.heard(YOU, OPUS, SPENT)
    await world.accounts.flush()
    again = world.again()
    await again.restore()

    assert Admission.TRY is again.admission(ME, OPUS)


@pytest.mark.parametrize("saved", [{}, {"version": 2, "accounts": {"a1": {}}}, {"version": 1}])
async def test_a_state_that_is_not_ours_is_no_state(saved):
    world = World()
    await world.store.save(saved)
    await world.accounts.restore()

    assert () == world.accounts.snapshot()


async def test_the_figures_of_the_windows_are_kept():
    world = World()
    world.accounts.heard(ME, OPUS, SERVED)
    ((account, state),) = world.accounts.snapshot()

    assert (ME, NOW) == (account, state.seen_at)
    assert ["5h"] == [window.name for window in state.windows]


async def test_accounts_are_bounded_and_the_longest_unused_goes_first():
    accounts = World().accounts
    accounts.heard(ME, OPUS, SPENT)
    for number in range(MAX_ACCOUNTS - 1):
        accounts.admission(Account(str(number)), OPUS)
    accounts.admission(ME, OPUS)
    accounts.admission(YOU, OPUS)

    known = [account for account, _ in accounts.snapshot()]
    assert MAX_ACCOUNTS == len(known)
    assert ME in known
    assert Account("0") not in known


async def test_credentials_of_which_nothing_is_known_push_out_no_other():
    accounts = World().accounts
    accounts.heard(ME, OPUS, SPENT)
    denied = reply(401, kind="authentication_error", message="invalid x-api-key")
    for number in range(2 * MAX_ACCOUNTS):
        accounts.heard(Account(str(number)), OPUS, denied)

    assert MAX_ACCOUNTS == len(accounts.snapshot())
    assert Admission.STAY is accounts.admission(ME, OPUS)


async def test_where_something_is_known_of_all_the_longest_unused_goes():
    accounts = World().accounts
    for number in range(MAX_ACCOUNTS + 1):
        accounts.heard(Account(str(number)), OPUS, SPENT)

    known = [account for account, _ in accounts.snapshot()]
    assert [str(number) for number in range(1, MAX_ACCOUNTS + 1)] == known


async def test_a_clock_that_is_set_back_delays_no_probe():
    world = World()
    world.accounts.heard(ME, OPUS, SPENT)
    world.clock.wall -= 2 * HOUR
    world.clock.passes(1799)
    assert Admission.STAY is world.accounts.admission(ME, OPUS)
    world.clock.passes(1)

    assert Admission.TRY is world.accounts.admission(ME, OPUS)


async def test_a_clock_that_is_set_back_makes_no_rest_longer_after_a_restart_either():
    world = World()
    world.accounts.heard(ME, OPUS, reply(529))
    await world.accounts.flush()
    world.clock.wall -= 2 * HOUR
    world.accounts.snapshot()  # notices it, as every request does
    await world.accounts.flush()
    again = world.again()
    await again.restore()
    assert Admission.STAY is again.admission(ME, OPUS)
    world.clock.passes(3)

    assert Admission.GO is again.admission(ME, OPUS)


async def test_a_clock_that_is_set_ahead_costs_one_request():
    world = World()
    world.accounts.heard(ME, OPUS, SPENT)
    world.clock.wall += 7 * 24 * HOUR

    assert Admission.TRY is world.accounts.admission(ME, OPUS)
    assert Admission.STAY is world.accounts.admission(ME, OPUS)


async def test_a_change_of_sides_is_saved_at_once_by_whoever_keeps_the_accounts():
    world = World()
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(world.accounts.keep())
        world.accounts.heard(ME, OPUS, SPENT)
        async with asyncio.timeout(5):
            await world.store.saved.wait()
        keeper.cancel()

    assert "a1" in (await world.store.load())["accounts"]


async def test_a_slow_store_holds_up_no_request_and_misses_nothing():
    world = World()
    world.store.may_go.clear()
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(world.accounts.keep())
        world.accounts.heard(ME, OPUS, SPENT)
        async with asyncio.timeout(5):
            await world.store.asked.wait()
        assert Admission.STAY is world.accounts.admission(ME, OPUS)
        world.accounts.heard(YOU, OPUS, SPENT)
        keeper.cancel()
    world.store.may_go.set()
    await world.accounts.flush()

    assert ["a1", "b2"] == sorted((await world.store.load())["accounts"])


async def test_what_a_cancelled_keeper_may_not_have_saved_is_saved_at_the_end():
    world = World()
    world.store.may_go.clear()
    world.accounts.heard(ME, OPUS, SPENT)
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(world.accounts.keep())
        async with asyncio.timeout(5):
            await world.store.asked.wait()
        keeper.cancel()
    world.store.may_go.set()
    await world.accounts.flush()

    assert ["a1"] == list((await world.store.load())["accounts"])


async def test_nothing_is_saved_when_nothing_has_changed():
    world = World()
    world.accounts.heard(ME, OPUS, reply(200))
    world.accounts.admission(ME, OPUS)
    await world.accounts.flush()

    assert 0 == world.store.saves


async def test_what_an_answer_says_of_the_windows_is_passed_on():
    world = World()
    world.accounts.heard(ME, OPUS, SERVED)
    world.accounts.heard(ME, OPUS, reply(200))

    assert [(ME, read_windows(SERVED.headers, NOW), NOW)] == world.seen


async def test_after_a_sleep_of_the_machine_the_next_request_tries_the_cloud():
    world = World()
    for _ in range(3):
        world.accounts.heard(ME, OPUS, reply(500, message="down"))
        world.clock.passes(600.0)
    world.accounts.heard(ME, OPUS, reply(500, message="down"))
    before = world.accounts.admission(ME, OPUS)
    world.accounts.woke()

    assert (Admission.STAY, Admission.TRY) == (before, world.accounts.admission(ME, OPUS))
