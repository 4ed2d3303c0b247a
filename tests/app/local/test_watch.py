"""A hang is told from work by what an answer gets, and nobody else's wait, sleep or client."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from standby.app.deadlines import SilenceError
from standby.app.local.watch import EVERY_S, Watch
from tests.fakes.talker import MODEL
from tests.fakes.virtual import VIRTUAL

pytestmark = pytest.mark.anyio

PATIENCE_S = 100.0
LOOKS = int(PATIENCE_S / EVERY_S)


class Engine:
    """Answers `turns` as it was told to, and notes why it was given up."""

    def __init__(self):
        self.computes = False
        self.asked = []
        self.given_up = []
        self.watch = Watch(self._turns, self._give_up)
        self.while_asked = lambda: None

    async def _turns(self, _model, within_s):
        self.asked.append(within_s)
        self.while_asked()
        return self.computes

    async def _give_up(self, _model, why):
        self.given_up.append(why)

    def wait(self, patience_s=PATIENCE_S, model=MODEL):
        return self.watch.wait(model, patience_s)

    async def looks(self, times):
        for _ in range(times):
            await self.watch.look()


async def for_ever():
    await asyncio.Event().wait()
    yield b""


async def comments():
    while True:
        yield b":\n\n"


@asynccontextmanager
async def hears(wait, items):
    """Somebody waits for the next item; gives the task."""

    async def listen():
        async for item in wait.over(items):
            wait.saw(item)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen())
        await asyncio.sleep(0)
        yield task
        task.cancel()


async def test_an_engine_of_which_nothing_comes_is_given_up_after_its_patience_and_not_before():
    engine = Engine()
    with engine.wait().here():
        await engine.looks(LOOKS)
        assert [] == engine.given_up
        await engine.looks(1)

    assert ["it hangs: nothing came of its work for 2 min"] == engine.given_up
    assert [PATIENCE_S / 5] == engine.asked


async def test_it_is_counted_anew_once_it_was_given_up():
    engine = Engine()
    with engine.wait().here():
        await engine.looks(2 * LOOKS + 1)
        assert 1 == len(engine.given_up)
        await engine.looks(1)

    assert 2 == len(engine.given_up)


async def test_one_that_computes_is_not_ended_however_little_comes_of_it():
    engine = Engine()
    engine.computes = True
    with engine.wait().here():
        await engine.looks(5 * LOOKS)

    assert [] == engine.given_up
    assert engine.asked


async def test_a_sign_while_it_is_asked_is_one_in_time():
    engine = Engine()
    wait = engine.wait()
    engine.while_asked = wait.moved
    with wait.here():
        await engine.looks(LOOKS + 1)

    assert 1 == len(engine.asked)
    assert [] == engine.given_up


async def test_a_sign_for_one_is_a_sign_for_all_who_ask_the_engine():
    engine = Engine()
    quiet, other = engine.wait(), engine.wait()
    with quiet.here():
        for number in range(5 * LOOKS):
            other.saw(number)
            await engine.looks(1)

    assert [] == engine.asked


async def test_the_same_again_is_no_sign():
    engine = Engine()
    wait = engine.wait()
    with wait.here():
        for _ in range(LOOKS + 1):
            wait.saw((3, b":\n\n"))
            await engine.looks(1)
        wait.saw((3, b":\n\n"))
        await engine.looks(1)

    assert 1 == len(engine.given_up)


async def test_nothing_counts_while_nobody_waits_for_it():
    engine = Engine()
    wait = engine.wait()
    async with hears(wait, for_ever()):
        await engine.looks(LOOKS)
    await engine.looks(5 * LOOKS)
    assert [] == engine.given_up

    async with hears(wait, for_ever()):
        await engine.looks(1)
    assert 1 == len(engine.given_up)


async def test_a_client_that_takes_its_time_is_not_held_against_the_engine():
    engine = Engine()
    items = engine.wait().over(comments())
    await anext(items)

    await engine.looks(5 * LOOKS)

    assert [] == engine.asked
    await items.aclose()


async def test_an_engine_has_the_patience_of_whoever_needs_it_to_work_longest():
    engine = Engine()
    with engine.wait(PATIENCE_S).here(), engine.wait(3 * PATIENCE_S).here():
        await engine.looks(3 * LOOKS)

    assert [] == engine.asked


async def test_one_that_was_started_anew_has_all_its_time():
    engine = Engine()
    with engine.wait().here():
        await engine.looks(LOOKS)
    again = engine.wait(model=MODEL.__class__("desk", "coder", "http://127.0.0.1:2"))
    with again.here():
        await engine.looks(LOOKS)

    assert [] == engine.asked


async def test_whoever_hears_of_nothing_but_comments_is_told_that_it_hangs():
    engine = Engine()
    wait = engine.wait()
    items = wait.over(comments())
    with wait.here():
        await engine.looks(LOOKS + 1)

    with pytest.raises(SilenceError, match="it hangs: nothing came of its work for 2 min"):
        await anext(items)


@VIRTUAL
async def test_it_looks_by_itself():
    engine = Engine()
    loop = asyncio.get_running_loop()
    with suppress(TimeoutError), engine.wait().here():
        async with asyncio.timeout(PATIENCE_S + 2 * EVERY_S):
            await engine.watch.run()

    assert 1 == len(engine.given_up)
    assert PATIENCE_S + 2 * EVERY_S == loop.time()
