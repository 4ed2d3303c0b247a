"""A machine that has slept is noticed, whichever of its clocks went on meanwhile."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.app.waking import Waking, slept_s
from tests.fakes.clock import SetClock

pytestmark = pytest.mark.anyio

short = st.floats(0, 29.9)


@pytest.mark.parametrize(
    ("wall_s", "ticks_s", "slept"),
    [
        (3605.0, 5.0, 3600.0),  # Linux, macOS: the clock that never jumps stood still
        (3605.0, 3605.0, 3600.0),  # Windows: it went on
        (5.1, 5.0, 0.0),
        (20.0, 20.0, 0.0),  # a busy machine
        (-3600.0, 5.0, 0.0),  # the clock was set back
    ],
)
def test_more_time_has_passed_than_was_waited_for(wall_s, ticks_s, slept):
    assert pytest.approx(slept) == slept_s(wall_s, ticks_s, 5.0)


@given(short, short, st.floats(0, 10))
def test_a_clock_that_is_set_a_little_and_a_busy_machine_are_no_sleep(wall_s, ticks_s, waited_s):
    assert 0.0 == slept_s(wall_s, ticks_s, waited_s)


async def test_those_whose_knowledge_is_stale_are_told_once_for_each_sleep(caplog):
    caplog.set_level("INFO")
    clock, told = SetClock(0.0), []
    woken = asyncio.Event()
    waking = Waking(
        *(clock, (lambda: told.append("a"), lambda: told.append("b"), woken.set)), every_s=0.01
    )
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(waking.run())
        await asyncio.sleep(0.03)
        before = [*told]
        clock.passes(3600.0)
        await woken.wait()
        await asyncio.sleep(0.03)
        task.cancel()

    assert [] == before
    assert ["a", "b"] == told
    assert "the machine has slept for 3600 s" in caplog.text
