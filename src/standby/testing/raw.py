"""Writes on the socket of a request what no HTTP library would write."""

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from aiohttp import web

from standby.testing.faults import Ending
from standby.testing.hostile import Step

__all__ = ["close", "end", "reset", "speak"]

# Two integers, short ones on Windows: linger, and for no time at all.
_NO_LINGER: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


async def speak(request: web.Request, steps: Iterable[Step], closing: asyncio.Event) -> None:
    """Take the steps one by one, as fast as the peer reads. ``closing`` ends every silence.

    Raise :class:`ConnectionError` when the peer hangs up.
    """
    for step in steps:
        match step:
            case bytes():
                await _write(request, step)
            case float():
                with suppress(TimeoutError):
                    async with asyncio.timeout(step):
                        await closing.wait()
            case Ending():
                await end(request, step, closing)
                return
    close(request)


async def end(request: web.Request, ending: Ending, closing: asyncio.Event) -> None:
    """End a connection in the way of that name."""
    match ending:
        case Ending.WHOLE | Ending.CUT:
            close(request)
        case Ending.RESET:
            await _flushed(request)
            reset(request)
        case Ending.SILENT:
            await closing.wait()
            close(request)


def close(request: web.Request) -> None:
    """Close the connection once what was written is out."""
    if request.transport is not None:
        request.transport.close()


def reset(request: web.Request) -> None:
    """Let the peer see a connection that was reset."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


async def _write(request: web.Request, data: bytes) -> None:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the peer has hung up")
    transport.write(data)
    await request.writer.drain()
    await asyncio.sleep(0)  # where nothing had to be waited for, the loop still has other work


async def _flushed(request: web.Request) -> None:
    """Give the loop a turn: what was written goes out before the reset overtakes it."""
    if request.transport is not None and not request.transport.is_closing():
        await request.writer.drain()
        await asyncio.sleep(0)
