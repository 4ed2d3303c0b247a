"""Slots of an engine: given in turn, given back by whoever leaves, refused in words in the end."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from standby.app.local.admission import Admission, Slot, WantedError
from standby.core.models.facts import LocalModel
from standby.core.turns import Priority, Queue
from standby.ports import AnswererError
from tests.fakes.clock import SetClock
from tests.fakes.virtual import VIRTUAL

pytestmark = pytest.mark.anyio

MAIN, SUBAGENT, SIDE, WARM = Priority
DESK = LocalModel("desk", "coder", "http://127.0.0.1:1")
TWO = LocalModel("desk", "coder", "http://127.0.0.1:1", slots=2, pins=True)


class Desk:
    """Holders of slots of one engine, who stay until they are told to go."""

    def __init__(self, model=DESK, **more):
        self.clock = SetClock()
        self.admission = Admission(self.clock, **more)
        self.model = model
        self.order = []
        self.slots = {}
        self.places = {}
        self._ends = {}
        self._group = None

    async def __aenter__(self):
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error):
        for end in self._ends.values():
            end.set()
        async with asyncio.timeout(5):
            return await self._group.__aexit__(*error)

    async def come(self, name, priority=MAIN, session=""):
        self.clock.passes(0.001)
        turn = self.admission.turn(session, priority)
        self._ends[name] = asyncio.Event()
        task = self._group.create_task(self._hold(name, turn))
        for _ in range(3):
            await asyncio.sleep(0)
        return task

    async def _hold(self, name, turn):
        def waits(place, of, _left_s):
            self.places[name] = (place, of)

        try:
            async with self.admission.slot(self.model, turn, waits) as slot:
                self.order.append(name)
                self.slots[name] = slot
                await self._ends[name].wait()
        except AnswererError as error:
            self.places[name] = str(error)

    async def go(self, name):
        self._ends[name].set()
        for _ in range(4):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("facts", "second", "remembered"),
    [
        ({}, 40, True),
        ({}, 41, False),
        ({"pins": False}, 41, True),
        ({"context_tokens": None}, 41, True),
    ],
)
async def test_where_the_shared_window_is_full_nobody_else_counts_as_read(
    facts, second, remembered
):
    model = replace(TWO, **{"context_tokens": 100, **facts})
    async with Desk(model) as desk:
        for name, tokens in (("one", 60), ("two", second)):
            await desk.come(name, session=name)
            desk.slots[name].fills(tokens)
            await desk.go(name)

        assert remembered is desk.admission.remembers(model, "one")
        assert desk.admission.remembers(model, "two")
        await desk.come("again", session="one")
        assert remembered is desk.slots["again"].knows


async def test_what_a_server_had_that_was_started_anew_does_not_count():
    model = replace(TWO, context_tokens=100)
    async with Desk(model) as desk:
        await desk.come("one", session="one")
        desk.slots["one"].fills(60)
        await desk.go("one")
        desk.model = replace(model, base_url="http://127.0.0.1:2")
        await desk.come("two", session="two")
        desk.slots["two"].fills(60)

        assert desk.admission.remembers(model, "one")


async def test_who_is_at_work_while_the_window_gets_full_keeps_what_he_has():
    model = replace(TWO, context_tokens=100)
    async with Desk(model) as desk:
        for name in ("one", "two"):
            await desk.come(name, session=name)
            desk.slots[name].fills(60)

        assert desk.admission.remembers(model, "one")


async def test_one_slot_is_given_to_one_after_the_other():
    async with Desk() as desk:
        for name in ("first", "second", "third"):
            await desk.come(name)

        assert ["first"] == desk.order
        assert {"second": (1, 2), "third": (2, 2)} == desk.places
        assert (Queue("desk", 1, 1, 2),) == desk.admission.queues()

        await desk.go("first")
        assert ["first", "second"] == desk.order
        assert (1, 1) == desk.places["third"]

    assert ["first", "second", "third"] == desk.order
    assert (Queue("desk", 1, 0, 0),) == desk.admission.queues()


async def test_a_person_goes_before_what_came_earlier_beside_the_conversation():
    async with Desk() as desk:
        await desk.come("first", SUBAGENT)
        for name, priority in (("warm", WARM), ("side", SIDE), ("sub", SUBAGENT), ("main", MAIN)):
            await desk.come(name, priority)
        for name in ("first", "main", "sub", "side", "warm"):
            await desk.go(name)

    assert ["first", "main", "sub", "side", "warm"] == desk.order


async def test_who_warms_is_told_to_leave_as_soon_as_anybody_else_comes():
    async with Desk() as desk:
        await desk.come("warm", WARM)
        await desk.come("warm too", WARM)
        assert not desk.slots["warm"].wanted.is_set()

        await desk.come("sub", SUBAGENT)
        assert desk.slots["warm"].wanted.is_set()


async def test_who_stays_is_not_asked_but_another():
    async with Desk(TWO) as desk:
        await desk.come("one", SUBAGENT)
        await desk.come("two", SUBAGENT)
        desk.slots["two"].stay()
        await desk.come("main")

        assert desk.slots["one"].wanted.is_set()
        assert not desk.slots["two"].wanted.is_set()


async def test_who_stays_once_he_is_asked_passes_the_wish_on():
    async with Desk(TWO) as desk:
        await desk.come("one", SUBAGENT)
        await desk.come("two", SUBAGENT)
        await desk.come("main")
        assert not desk.slots["one"].wanted.is_set()

        desk.slots["two"].stay()

        assert desk.slots["one"].wanted.is_set()


async def test_who_gives_up_waiting_leaves_at_once_and_the_others_move_up():
    async with Desk() as desk:
        await desk.come("first")
        second = await desk.come("second")
        await desk.come("third")

        second.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await second

        assert (1, 1) == desk.places["third"]
        await desk.go("first")
        assert ["first", "third"] == desk.order


async def test_who_gives_up_in_the_moment_of_his_turn_passes_the_slot_on():
    async with Desk() as desk:
        await desk.come("first")
        second = await desk.come("second")
        await desk.come("third")

        desk._ends["first"].set()
        await asyncio.sleep(0)  # the slot is his now, and he does not know it yet
        second.cancel()
        for _ in range(6):
            await asyncio.sleep(0)

        assert "third" == desk.order[-1]


async def test_who_is_cancelled_before_his_turn_is_not_given_it_as_well():
    async with Desk() as desk:
        await desk.come("first")
        second = await desk.come("second")

        # The slot is given back before the one who waits for it knows that he is cancelled.
        desk._ends["first"].set()
        second.cancel()
        for _ in range(6):
            await asyncio.sleep(0)

    assert ["first"] == desk.order
    assert (Queue("desk", 1, 0, 0),) == desk.admission.queues()


async def test_who_has_just_been_given_a_slot_is_told_of_who_came_meanwhile():
    async with Desk() as desk:
        await desk.come("first")
        await desk.come("sub", SUBAGENT)

        desk._ends["first"].set()
        await desk.come("main")

        assert ["first", "sub"] == desk.order
        assert desk.slots["sub"].wanted.is_set()


async def test_a_slot_that_is_wanted_is_not_waited_in_unless_it_is_kept():
    slot = Slot(None, lambda: None, lambda _: None, knows=False)
    with slot.leaving():
        await asyncio.sleep(0)

    slot.want()
    with pytest.raises(WantedError), slot.leaving():
        pytest.fail("it was waited in")

    slot.stay()
    with slot.leaving():
        await asyncio.sleep(0)


@VIRTUAL
async def test_a_turn_that_does_not_come_in_time_is_refused_in_words():
    async with Desk(wait_s=0.05) as desk:
        await desk.come("first")
        late = await desk.come("late")
        async with asyncio.timeout(2):
            await late

        assert "desk is busy" in desk.places["late"]
        assert "within 0 s" in desk.places["late"]
        await desk.come("next")
        assert (1, 1) == desk.places["next"]


async def test_a_free_slot_is_given_although_the_deadline_has_passed():
    async with Desk(wait_s=0.0) as desk:
        await desk.come("first")

        assert ["first"] == desk.order


async def test_the_slot_has_a_number_only_where_a_request_can_name_it():
    async with Desk(TWO) as desk, Desk(DESK) as other:
        await desk.come("a", session="a")
        await desk.come("b", session="b")
        await other.come("a")

        assert [0, 1] == [desk.slots[name].number for name in "ab"]
        assert other.slots["a"].number is None


async def test_a_conversation_that_nobody_can_name_is_left_to_the_servers_own_choice():
    async with Desk(TWO) as desk:
        await desk.come("nameless")
        await desk.come("side", SIDE)

        assert desk.slots["nameless"].number is None
        assert 1 == desk.slots["side"].number


async def test_a_setting_says_how_many_there_are_whatever_the_server_says():
    async with Desk(TWO, slots=1) as one, Desk(DESK, slots=3) as three:
        for name in "abcd":
            await one.come(name)
            await three.come(name)

        assert ["a"] == one.order
        assert ["a", "b", "c"] == three.order


async def test_a_server_that_comes_back_with_more_slots_has_more():
    async with Desk() as desk:
        await desk.come("first")
        await desk.come("second")
        desk.model = TWO
        await desk.come("third")

        assert ["first", "second"] == desk.order
        assert (Queue("desk", 2, 2, 1),) == desk.admission.queues()


async def test_each_engine_has_slots_of_its_own():
    async with Desk() as desk:
        await desk.come("first")
        desk.model = LocalModel("other", "coder", "http://127.0.0.1:2")
        await desk.come("second")

        assert ["first", "second"] == desk.order


async def test_who_warms_leaves_as_soon_as_anybody_has_another_slot():
    async with Desk(TWO) as desk:
        await desk.come("warm", WARM, "a")
        await desk.come("other", MAIN, "b")

        assert desk.order == ["warm", "other"]
        assert desk.slots["warm"].wanted.is_set()
        assert not desk.slots["other"].wanted.is_set()


async def test_a_holder_knows_whether_its_conversation_had_the_slot_before():
    async with Desk(TWO) as desk:
        await desk.come("first", MAIN, "a")
        await desk.go("first")
        await desk.come("again", WARM, "a")

        assert not desk.slots["first"].knows
        assert desk.slots["again"].knows
        assert desk.admission.remembers(TWO, "a")
        assert not desk.admission.remembers(TWO, "b")
        assert not desk.admission.remembers(DESK, "")
