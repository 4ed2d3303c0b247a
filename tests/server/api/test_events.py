"""The stream of events: the newest state, and never a queue."""

import asyncio

import pytest

from standby.app.news import News
from standby.core.wire.json import loads
from standby.server.api.events import MOST, Events, State
from tests.fakes.line import Tape

pytestmark = pytest.mark.anyio


class Reader(Tape):
    """A reader that says when something came."""

    def __init__(self):
        super().__init__()
        self.came = asyncio.Event()

    async def send(self, data):
        await super().send(data)
        self.came.set()

    async def events(self, enough):
        async with asyncio.timeout(5):
            while len(found := events(self.sent)) < enough:
                self.came.clear()
                await self.came.wait()
        return found


def events(data):
    found = []
    for block in data.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in lines:
            found.append((lines["event"], loads(lines["data"].encode())))
    return found


class Watched:
    def __init__(self, **more):
        self.news = News()
        self.state = {"n": 1}
        self.looked = 0
        self.stills = 0
        self.events = Events(
            self.news,
            {"status": State(self.look), "usage": State(self.still, 60.0)},
            rest_s=0.0,
            **more,
        )

    async def look(self):
        self.looked += 1
        return dict(self.state)

    async def still(self):
        self.stills += 1
        return {"same": True}


async def test_whoever_comes_gets_all_there_is():
    watched, reader = Watched(), Reader()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.events.stream(reader))
        found = await reader.events(2)
        task.cancel()

    assert [("status", {"n": 1}), ("usage", {"same": True})] == found
    assert (200, "text/event-stream") == (reader.head.status, reader.head.header("content-type"))
    assert "no-store" == reader.head.header("cache-control")
    assert reader.sent.startswith(b"retry: ")


async def test_what_changes_is_sent_and_what_does_not_is_not():
    watched, reader = Watched(), Reader()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.events.stream(reader))
        await reader.events(2)
        watched.state["n"] = 2
        watched.news.tell()
        found = await reader.events(3)
        task.cancel()

    assert [("status", {"n": 2})] == found[2:]


async def test_when_nothing_happens_there_is_a_sign_of_life():
    watched, reader = Watched(every_s=0.01), Reader()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.events.stream(reader))
        async with asyncio.timeout(5):
            while b": nothing new\n\n" not in reader.sent:
                reader.came.clear()
                await reader.came.wait()
        task.cancel()


async def test_a_reader_that_is_slow_gets_the_last_state_and_not_each():
    watched = Watched()
    goes_on = asyncio.Event()

    class Slow(Reader):
        async def send(self, data):
            await super().send(data)
            if b"usage" in data:
                await goes_on.wait()

    reader = Slow()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.events.stream(reader))
        await reader.events(2)
        for number in range(2, 500):
            watched.state["n"] = number
            watched.news.tell()
        goes_on.set()
        found = await reader.events(3)
        task.cancel()

    assert [("status", {"n": 499})] == found[2:]
    assert watched.looked <= 3


async def test_of_too_many_readers_the_last_is_told_to_come_later():
    watched, late = Watched(), Tape()
    readers = [Reader() for _ in range(MOST)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watched.events.stream(reader)) for reader in readers]
        for reader in readers:
            await reader.events(1)
        await watched.events.stream(late)
        for task in tasks:
            task.cancel()

    assert (429, "30") == (late.head.status, late.head.header("retry-after"))
    again = Reader()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.events.stream(again))
        await again.events(1)
        task.cancel()


async def test_what_is_dear_to_look_at_is_looked_at_when_something_has_happened():
    watched, reader = Watched(every_s=0.001), Reader()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.events.stream(reader))
        async with asyncio.timeout(5):
            while watched.looked < 5:
                reader.came.clear()
                await reader.came.wait()
        assert 1 == watched.stills
        watched.news.tell()
        async with asyncio.timeout(5):
            while watched.stills < 2:
                reader.came.clear()
                await reader.came.wait()
        task.cancel()
