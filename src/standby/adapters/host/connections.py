"""To whom a process and its children are connected."""

import ipaddress
from collections.abc import Iterator

import psutil

__all__ = ["connected_elsewhere"]


def connected_elsewhere(pid: int) -> frozenset[str]:
    """Return the addresses off this machine that a process and its children have connections to.

    Empty where the system does not tell. Looks at this moment only, and takes milliseconds: not for
    the event loop.
    """
    return frozenset(address for process in _family(pid) for address in _remote(process))


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _remote(process: psutil.Process) -> Iterator[str]:
    try:
        found = process.net_connections(kind="inet")
    except psutil.Error:
        return
    for connection in found:
        match connection.raddr:
            case (str(host), int(port)) if not _is_here(host):
                yield f"{host}:{port}"
            case _:
                pass


def _is_here(host: str) -> bool:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
