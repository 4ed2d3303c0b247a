import asyncio

import pytest

from standby.app.closing import closing

pytestmark = pytest.mark.anyio


class Numbers:
    def __init__(self):
        self.closed = False

    async def __aiter__(self):
        try:
            for number in range(9):
                yield number
        finally:
            self.closed = True


async def test_who_leaves_early_closes_it():
    numbers = Numbers()
    async with closing(aiter(numbers)) as items:
        async for _ in items:
            break

    assert numbers.closed


async def test_who_is_cancelled_while_it_waits_elsewhere_closes_it():
    numbers, waiting = Numbers(), asyncio.Event()

    async def waits():
        async with closing(aiter(numbers)) as items:
            async for _ in items:
                waiting.set()
                await asyncio.Event().wait()

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(waits())
        await waiting.wait()
        task.cancel()

    assert numbers.closed


async def test_an_iterator_that_holds_nothing_needs_no_closing():
    class One:
        def __aiter__(self):
            return self

        async def __anext__(self):
            raise StopAsyncIteration

    async with closing(One()) as items:
        assert [] == [item async for item in items]
