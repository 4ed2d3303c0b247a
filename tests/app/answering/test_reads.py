import asyncio

import pytest

from standby.adapters.codings import coder_for
from standby.app.answering.reads import Inbox, Read, Stream
from standby.core.exchange import Came, Ended
from tests.fakes.answerers import answer, text

pytestmark = pytest.mark.anyio


def test_a_stream_gives_the_frames_that_each_read_has_completed():
    hello = text(0, "Hello")
    stream = Stream()

    assert [] == stream.receive(hello.raw[:7])
    assert hello.raw[:7] == stream.rest
    assert [hello] == stream.receive(hello.raw[7:])
    assert b"" == stream.rest


def test_a_read_is_the_bytes_of_its_events():
    frames = answer("Hello")
    read = Read([*map(Came, frames), Ended(b"half")])

    assert b"".join(frame.raw for frame in frames) + b"half" == read.plain


def test_a_coded_read_keeps_the_bytes_that_it_came_in_once():
    frames = answer("Hello")
    plain = b"".join(frame.raw for frame in frames)
    coder = coder_for("gzip")
    coded = coder.append(plain) + coder.finish()
    stream = Stream()
    stream.coder = coder_for("gzip")
    came = [*stream.receive(coded[:9]), *stream.receive(coded[9:])]

    assert frames == came
    assert Read([Came(frames[0])], coded) == stream.read([Came(frames[0])])
    assert b"" == stream.read([]).raw


def test_a_read_that_ends_inside_an_event_says_so():
    stream = Stream()
    stream.receive(text(0, "Hello").raw + b"event: half")

    assert stream.read([]).inside


async def test_what_is_put_in_comes_out_in_order_however_fast_either_side_is():
    inbox, got = Inbox(), []
    reads = [Read([], bytes([number])) for number in range(20)]

    async def puts():
        for number, read in enumerate(reads):
            await inbox.put(read)
            for _ in range(number % 3):
                await asyncio.sleep(0)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(puts())
        for number in range(len(reads)):
            got.append(await inbox.get())
            for _ in range(number % 4):
                await asyncio.sleep(0)

    assert reads == got
    assert inbox.empty


async def test_there_is_room_for_one():
    inbox, put = Inbox(), []

    async def puts():
        for number in range(3):
            await inbox.put(Read([]))
            put.append(number)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(puts())
        for _ in range(5):
            await asyncio.sleep(0)
        assert [0] == put
        assert not inbox.empty
        for _ in range(3):
            await inbox.get()


async def test_who_is_cancelled_while_he_waits_loses_nothing():
    inbox, read = Inbox(), Read([])
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waits = group.create_task(inbox.get())
        await asyncio.sleep(0)
        inbox.put_now(read)  # it is woken, and then cancelled before it runs
        waits.cancel()

    assert read is await inbox.get()
