"""What an engine has read is saved before it forgets it, and restored for who comes back."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from standby.app.local.admission import Admission
from standby.app.local.engines import Engines, Preference
from standby.app.local.kept_slots import IDLE_S, LAST_S, KeptSlots
from standby.core.turns import Priority
from standby.ports import EngineError
from tests.fakes.clock import SetClock
from tests.fakes.readers import MODEL, KeepingEngine, ReadingEngine

pytestmark = pytest.mark.anyio

SLEEP_S = 1500.0
AGAIN = replace(MODEL, base_url="http://127.0.0.1:2")
"""The same model, after its engine was started anew."""


class House:
    def __init__(self, engine=None, disk=None, **limits):
        self.clock = SetClock()
        self.engine = engine or KeepingEngine(self.clock, disk)
        self.engines = Engines([self.engine], Preference(), self.clock)
        self.kept = KeptSlots(self.engines, self.clock, **(limits or {"sleep_s": SLEEP_S}))
        self.admission = Admission(self.clock, kept=self.kept)

    @asynccontextmanager
    async def slot(self, session="s-1", model=MODEL):
        async with self.admission.slot(model, self.admission.turn(session, Priority.MAIN)) as slot:
            yield slot

    async def asks(self, session="s-1", tokens=(1, 2, 3), model=MODEL):
        """Return what was restored for a request."""
        async with self.slot(session, model) as slot:
            self.engine.slots[slot.number] = tokens
            return slot.restored


async def test_what_nobody_uses_is_saved_once():
    house = House()
    await house.asks()
    await house.kept.look()
    assert {} == house.engine.disk

    house.clock.passes(IDLE_S)
    await house.kept.look()
    await house.kept.look()
    assert {"s-1": (1, 2, 3)} == house.engine.disk
    assert 1 == house.engine.saves


async def test_it_is_saved_before_an_engine_goes_to_sleep_early():
    house = House(sleep_s=60.0, stop_s=7200.0)
    await house.asks()
    house.clock.passes(31)
    await house.kept.look()

    assert ["s-1"] == list(house.engine.disk)


async def test_what_an_engine_has_forgotten_is_not_saved():
    house = House()
    await house.asks()
    house.clock.passes(SLEEP_S)
    await house.kept.look()
    await house.kept.last()

    assert 0 == house.engine.saves


async def test_what_is_in_use_is_not_saved():
    house = House()
    async with house.slot():
        house.clock.passes(IDLE_S)
        await house.kept.look()
        await house.kept.last()

    assert 0 == house.engine.saves


async def test_at_the_end_all_is_saved_that_was_used_since_the_newest_first():
    house = House()
    await house.asks("s-1")
    house.clock.passes(1)
    await house.asks("s-2", (4, 5))
    await house.kept.last()

    assert [("s-2", (4, 5)), ("s-1", (1, 2, 3))] == list(house.engine.disk.items())


async def test_the_end_waits_no_longer_than_it_may():
    house = House()
    await house.asks("s-1")
    await house.asks("s-2")
    house.engine.took_s = LAST_S + 1
    await house.kept.last()

    assert 1 == house.engine.saves


@pytest.mark.parametrize("session", ["", "s-1/agent"])
async def test_only_the_conversations_of_persons_are_kept(session):
    house = House()
    await house.asks(session)
    await house.kept.last()

    assert 0 == house.engine.saves
    assert [] == house.engine.restores


async def test_who_comes_back_after_a_restart_finds_it_restored():
    before = House()
    await before.asks()
    await before.kept.last()

    house = House(disk=before.engine.disk)
    async with house.slot(model=AGAIN) as slot:
        assert (1, 2, 3) == slot.restored
        assert (1, 2, 3) == house.engine.slots[slot.number]


async def test_who_comes_back_after_a_pause_finds_it_restored_when_the_engine_has_slept():
    house = House()
    await house.asks()
    house.clock.passes(IDLE_S)
    await house.kept.look()
    assert await house.asks() is None, "it is still awake"

    house.clock.passes(IDLE_S)
    await house.kept.look()
    house.clock.passes(SLEEP_S)
    assert (1, 2, 3) == await house.asks()


async def test_what_is_there_is_not_put_out_by_what_was_saved_before():
    house = House()
    house.engine.disk["s-1"] = (1,)
    await house.asks()
    assert 1 == len(house.engine.restores)
    await house.asks()
    house.clock.passes(SLEEP_S + 1)
    await house.asks()

    assert 1 == len(house.engine.restores)


@pytest.mark.parametrize("error", [EngineError("no room"), OSError("no disk"), TimeoutError()])
async def test_whatever_fails_nobody_is_told_but_the_log(error, caplog):
    house = House()
    house.engine.error_of_slots = error
    async with house.slot() as slot:
        assert slot.restored is None
    await house.kept.last()

    assert 2 == len(caplog.records)


async def test_what_is_old_is_put_away_beside(caplog):
    house, tidied = House(), []

    def fails():
        tidied.append("x")
        raise OSError("no disk")

    for tidy in (lambda: tidied.append("x"), fails):
        house.kept = KeptSlots(house.engines, house.clock, tidy)
        await house.kept.look()
    assert ["x", "x"] == tidied
    assert 1 == len(caplog.records)


async def test_an_engine_that_cannot_is_left_alone():
    house = House(engine=ReadingEngine(SetClock()))
    assert await house.asks() is None
    await house.kept.last()


async def test_a_slot_without_a_number_is_nobodys():
    house = House()
    assert await house.kept.taken(MODEL, "s-1", None) is None
    house.kept.left(MODEL, None)
    house.kept.left(MODEL, 7)


async def test_it_looks_by_itself_until_it_is_told_to_end():
    house = House()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(house.kept.keep())
        await asyncio.sleep(0)
        task.cancel()

    assert task.cancelled()
