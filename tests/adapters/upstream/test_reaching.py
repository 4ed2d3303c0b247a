"""A connection to a name: the first address that answers."""

import asyncio
import socket
from contextlib import ExitStack, contextmanager

import pytest

from standby.adapters.upstream.reaching import reach, reach_first

pytestmark = pytest.mark.anyio

DEADLINE_S = 5


@contextmanager
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield socket.AF_INET, server.getsockname()


@contextmanager
def nobody():
    with listening() as address:
        pass
    yield address


@contextmanager
def silent():
    """An address that neither takes nor refuses: its queue is full."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            line = stack.enter_context(socket.socket())
            line.setblocking(False)
            line.connect_ex(server.getsockname())
        yield socket.AF_INET, server.getsockname()


async def test_a_name_is_reached():
    with listening() as (_, (host, port)):
        async with asyncio.timeout(DEADLINE_S):
            with await reach(host, port) as line:
                assert (host, port) == line.getpeername()


@pytest.mark.parametrize("bad", [nobody, silent])
async def test_an_address_that_does_not_answer_is_passed_over(bad):
    with bad() as first, listening() as second:
        async with asyncio.timeout(DEADLINE_S):
            with await reach_first([first, second]) as line:
                assert second[1] == line.getpeername()


async def test_the_first_of_those_that_answer_is_taken():
    with listening() as first, listening() as second, await reach_first([first, second]) as line:
        assert first[1] == line.getpeername()


async def test_nobody_anywhere_is_an_error():
    with nobody() as first, nobody() as second, pytest.raises(ConnectionRefusedError):
        await reach_first([first, second])


async def test_no_address_is_an_error():
    with pytest.raises(OSError, match="no address"):
        await reach_first([])


async def test_giving_up_leaves_no_socket_open():
    """An open socket would be collected with a warning, which fails a test."""
    with silent() as first, silent() as second, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await reach_first([first, second])
