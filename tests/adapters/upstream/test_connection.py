"""What is taken at once, piece by piece; the rest is in the contract of every upstream."""

import asyncio

import pytest

from standby.adapters.upstream.connection import Connection

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


class Socket(asyncio.Transport):
    """Takes what is written, and remembers nothing."""

    def writelines(self, parts):
        pass

    def abort(self):
        pass


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


async def asked():
    line = Connection()
    line.connection_made(Socket())
    line.ask("POST", b"")
    line.data_received(HEAD)
    await line.read()
    return line


async def waits(group, line, takes):
    """Return the task of somebody who waits for the next piece."""
    waiting = group.create_task(line.read(takes))
    await asyncio.sleep(0)
    return waiting


async def test_nobody_is_woken_for_what_is_taken():
    taken = []

    def takes(data):
        taken.append(data)
        return data != b"three"

    line = await asked()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = await waits(group, line, takes)
        line.data_received(chunk(b"one"))
        line.data_received(chunk(b"two")[:2])
        line.data_received(chunk(b"two")[2:])
        await asyncio.sleep(0)
        assert not waiting.done()
        line.data_received(chunk(b"three"))

    assert [b"one", b"two", b"three"] == taken
    assert [b"three"] == waiting.result()


async def test_what_comes_behind_an_unread_piece_waits_there():
    taken = []
    line = await asked()
    line.data_received(chunk(b"before"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = await waits(group, line, taken.append)
        line.data_received(chunk(b"one"))
        second = await waits(group, line, lambda _: False)
        line.data_received(chunk(b"two"))  # which wakes the second
        line.data_received(chunk(b"three"))

    assert [] == taken
    assert [b"before"] == first.result()
    assert [b"one"] == second.result()
    assert [b"two", b"three"] == await line.read()


async def test_the_last_piece_is_handed_on_with_the_end():
    taken = []
    line = await asked()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = await waits(group, line, taken.append)
        line.data_received(chunk(b"last") + LAST)

    assert [] == taken
    assert [b"last"] == waiting.result()
    assert [] == await line.read()


async def test_an_end_that_comes_alone_is_told():
    line = await asked()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = await waits(group, line, lambda _: True)
        line.data_received(chunk(b"one"))
        line.data_received(LAST)

    assert [] == waiting.result()
