"""A TCP connection to a name: its addresses are tried with a short head start (RFC 8305)."""

import asyncio
import socket
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Final

__all__ = ["reach"]

# How long an address is waited for alone. Where a network only claims to have IPv6, its addresses
# never answer.
HEAD_START_S: Final = 0.25

_Address = tuple[socket.AddressFamily, tuple[str | int, ...] | tuple[int, bytes]]


async def reach(host: str, port: int) -> socket.socket:
    """Return a connected socket. Raise :class:`OSError`; set a deadline around the call."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return await reach_first([(family, address) for family, _, _, _, address in found])


async def reach_first(addresses: Iterable[_Address]) -> socket.socket:
    """Return a socket connected to whichever answers first, by turns of the families."""
    tries: list[asyncio.Task[socket.socket | OSError]] = []
    winner: socket.socket | None = None
    why = OSError("the name has no address")
    try:
        async with asyncio.TaskGroup() as group:
            waiting = _by_turns(addresses)
            while winner is None and (waiting or any(not one.done() for one in tries)):
                patience = HEAD_START_S if waiting else None
                if waiting:
                    tries.append(group.create_task(_try(*waiting.pop(0))))
                pending = [one for one in tries if not one.done()]
                await asyncio.wait(pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for result in (one.result() for one in tries if one.done()):
                    if isinstance(result, OSError):
                        why = result
                    else:
                        winner = winner or result
            for one in tries:
                one.cancel()
    except BaseException:
        winner = None
        raise
    finally:
        for one in tries:
            if one.done() and not one.cancelled():
                result = one.result()
                if isinstance(result, socket.socket) and result is not winner:
                    result.close()
    if winner is None:
        raise why
    return winner


def _by_turns(addresses: Iterable[_Address]) -> list[_Address]:
    """Return the addresses with those of the two families by turns, the first one's first."""
    families: dict[socket.AddressFamily, list[_Address]] = {}
    for one in addresses:
        families.setdefault(one[0], []).append(one)
    turns = zip_longest(*families.values())
    return [one for one in chain.from_iterable(turns) if one is not None]


async def _try(
    family: socket.AddressFamily, address: tuple[str | int, ...] | tuple[int, bytes]
) -> socket.socket | OSError:
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, address)
    except OSError as error:
        line.close()
        return error
    except BaseException:
        line.close()
        raise
    return line
