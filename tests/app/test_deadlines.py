import asyncio

import pytest

from standby.app.deadlines import Deadline, SilenceError, timed
from tests.fakes.line import for_ever
from tests.fakes.virtual import VIRTUAL

pytestmark = pytest.mark.anyio


class Speaks:
    def __init__(self, *steps):
        self._steps = steps
        self.left = False

    async def speak(self):
        try:
            for step in self._steps:
                if callable(step):
                    await step()
                else:
                    yield step
        finally:
            self.left = True


async def heard(speaker, first_s=2.0, idle_s=2.0):
    async with asyncio.timeout(5):
        return [item async for item in timed(speaker.speak(), first_s=first_s, idle_s=idle_s)]


async def test_what_comes_in_time_comes_through():
    assert [1, 2, 3] == await heard(Speaks(1, 2, 3))


@pytest.mark.parametrize(
    ("steps", "limits"),
    [((for_ever,), {"first_s": 0.01}), ((1, for_ever), {"idle_s": 0.01})],
    ids=["first", "next"],
)
async def test_silence_ends_it_and_closes_who_was_silent(steps, limits):
    speaker = Speaks(*steps)
    with pytest.raises(SilenceError):
        await heard(speaker, **limits)

    assert speaker.left


async def test_the_first_piece_may_take_longer_than_the_next():
    async def takes_a_while():
        await asyncio.sleep(0.05)

    assert [1] == await heard(Speaks(takes_a_while, 1), first_s=2.0, idle_s=0.01)


async def test_who_leaves_closes_the_speaker():
    speaker = Speaks(1, 2)
    items = timed(speaker.speak(), first_s=1.0, idle_s=1.0)
    await anext(items)
    await items.aclose()

    assert speaker.left


async def test_a_deadline_of_the_speakers_own_is_not_taken_for_silence():
    async def fails():
        raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        await heard(Speaks(fails))


async def test_what_cannot_be_closed_is_a_mistake():
    class Endless:
        def __aiter__(self):
            return self

        async def __anext__(self):
            return 1

    with pytest.raises(TypeError):
        await anext(timed(Endless(), first_s=1.0, idle_s=1.0))


async def test_a_wait_in_time_is_left_alone_and_one_too_long_is_ended():
    deadline = Deadline()
    for _ in range(3):
        with deadline(2.0):
            await asyncio.sleep(0)
    with pytest.raises(TimeoutError), deadline(0.01):
        await for_ever()
    with deadline(2.0):
        await asyncio.sleep(0)
    deadline.close()

    assert 0 == asyncio.current_task().cancelling()


@VIRTUAL
@pytest.mark.parametrize("first_s", [0.05, 0.2, 600.0])
async def test_each_wait_has_its_own_limit_whatever_the_one_before_had(first_s):
    deadline = Deadline()
    with deadline(first_s):
        await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError), deadline(0.1):
        await for_ever()
    deadline.close()

    assert pytest.approx(0.1) == asyncio.get_running_loop().time() - began


@VIRTUAL
async def test_a_wait_that_is_renewed_begins_anew():
    deadline, loop = Deadline(), asyncio.get_running_loop()
    deadline.renew()  # nobody waits
    began = loop.time()
    loop.call_later(0.03, deadline.renew)
    with pytest.raises(TimeoutError), deadline(0.05):
        await for_ever()
    deadline.close()

    assert pytest.approx(0.08) == loop.time() - began


@VIRTUAL
async def test_a_wait_that_is_paused_takes_as_long_as_it_may():
    deadline, loop = Deadline(), asyncio.get_running_loop()
    began = loop.time()
    loop.call_soon(deadline.pause)
    loop.call_later(0.05, deadline.renew)
    with pytest.raises(TimeoutError), deadline(0.02):
        async with asyncio.timeout(2):
            await for_ever()
    deadline.close()

    assert pytest.approx(0.07) == loop.time() - began


@VIRTUAL
async def test_nothing_rings_between_two_waits():
    deadline = Deadline()
    with deadline(0.01):
        await asyncio.sleep(0)
    await asyncio.sleep(0.03)
    with deadline(2.0):
        await asyncio.sleep(0.03)
    deadline.close()


@VIRTUAL
async def test_without_a_limit_a_wait_may_take_as_long_as_it_takes():
    deadline = Deadline()
    with deadline(0.01):
        await asyncio.sleep(0)
    with deadline(None):
        await asyncio.sleep(0.03)
    deadline.close()


async def test_who_is_cancelled_while_it_waits_stays_cancelled():
    deadline = Deadline()

    async def wait():
        with deadline(5.0):
            await for_ever()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
    deadline.close()

    assert task.cancelled()


async def test_a_deadline_around_a_deadline_is_not_mistaken_for_it():
    deadline = Deadline()

    async def wait():
        try:
            with deadline(5.0):
                await for_ever()
        except TimeoutError:
            pytest.fail("it was not the inner one")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wait(), 0.01)
    deadline.close()


async def test_an_error_in_the_wait_comes_out_as_it_is():
    deadline = Deadline()
    with pytest.raises(OSError, match="refused"), deadline(1.0):
        raise OSError("refused")
    deadline.close()


@VIRTUAL
async def test_a_sleep_of_the_machine_is_not_taken_for_silence():
    deadline, loop, came = Deadline(), asyncio.get_running_loop(), asyncio.Event()

    def sleeps():
        loop.skipped_s += 3600.0

    loop.call_later(1.0, sleeps)
    loop.call_later(3605.0, came.set)
    with deadline(6.0):
        await came.wait()
    with pytest.raises(TimeoutError), deadline(6.0):
        await for_ever()
    deadline.close()


@VIRTUAL
async def test_a_wait_is_renewed_by_what_is_taken_and_by_nothing_else():
    deadline, loop = Deadline(), asyncio.get_running_loop()
    takes = deadline.renewed_by(lambda item: item == "taken")
    began = loop.time()
    loop.call_later(0.03, takes, "taken")
    loop.call_later(0.06, takes, "left")
    with pytest.raises(TimeoutError), deadline(0.05):
        async with asyncio.timeout(2):
            await for_ever()
    deadline.close()

    assert pytest.approx(0.08) == loop.time() - began
    assert takes("taken")
    assert not takes("left")


@VIRTUAL
async def test_what_is_taken_elsewhere_is_no_silence():
    deadline, loop = Deadline(), asyncio.get_running_loop()
    takes = deadline.renewed_by(lambda _: True)

    began = loop.time()
    for at in range(1, 6):
        loop.call_later(0.03 * at, takes, at)
    with pytest.raises(SilenceError):
        await anext(timed(Speaks(for_ever).speak(), first_s=0.1, idle_s=0.1, deadline=deadline))

    assert pytest.approx(0.25) == loop.time() - began
