"""One question to the gateway of this user over a plain socket, within a deadline for all of it.

The same rules as in :mod:`standby.cli.gateway.finding`: the token goes only to a server that has
proved that it knows it already. What costs time there, we do without: whether the process lives
shows when we connect.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from standby.core.wire.json import JSON

__all__ = ["UnknownError", "glance", "state_folder"]

_OTHERS = 0o077
_MAX_BYTES = 256 * 1024
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class UnknownError(Exception):
    """The gateway does not say; the message is what to show instead."""


def glance(environment: Mapping[str, str], within_s: float, about: str = "") -> JSON:
    """Return what ``/standby/glance`` says; ``about``: the query, which names what it is about.

    Raise :class:`UnknownError`.
    """
    folder = state_folder(environment)
    try:
        port = _port(json.loads(_private(os.path.join(folder, "run.json"))))
        token = _private(os.path.join(folder, "token")).strip()
    except (OSError, ValueError):
        raise UnknownError("standby is not running") from None
    until = time.monotonic() + within_s
    try:
        nonce = os.urandom(16).hex()
        said = _asked(port, f"/standby/health?nonce={nonce}", b"", until)
        proof = said.get("proof") if isinstance(said, dict) else None
        expected = hmac.new(token, nonce.encode(), hashlib.sha256).hexdigest()
        if not isinstance(proof, str) or not hmac.compare_digest(expected, proof):
            raise UnknownError("another program is in the place of standby")
        return _asked(port, f"/standby/glance{f'?{about}' if about else ''}", token, until)
    except ConnectionRefusedError:
        raise UnknownError("standby is not running") from None
    except (OSError, ValueError):
        raise UnknownError("standby does not answer") from None


def state_folder(environment: Mapping[str, str]) -> str:
    """Return the folder of :attr:`standby.adapters.host.paths.Paths.state`."""
    home = environment.get("STANDBY_HOME", "")
    if home:
        return os.path.join(os.path.expanduser(home), "state")
    if sys.platform in ("linux", "darwin"):
        own = "~/Library/Application Support" if sys.platform == "darwin" else "~/.local/state"
        named = environment.get("XDG_STATE_HOME", "").strip()
        # What is no whole path does not count, by the rules of XDG.
        base = named if os.path.isabs(named) else os.path.expanduser(own)
        if os.path.isabs(environment.get("HOME", "")):
            return os.path.join(base, "standby")
    from standby.adapters.host.paths import paths

    return str(paths(environment).state)


def _port(record: JSON) -> tuple[str, int]:
    """Return where a gateway listens, by what it has written down."""
    match record:
        case {"port": int(port), "url": str(url)}:
            return ("::1" if "[" in url else "127.0.0.1"), port
        case _:
            raise ValueError("no gateway is written down there")


def _private(path: str) -> bytes:
    """Return what a file of ours alone holds. Raise :class:`OSError` when there is none."""
    handle = os.open(path, os.O_RDONLY | _CAREFULLY)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & _OTHERS):
            raise PermissionError(path)
        return file.read(_MAX_BYTES)


def _asked(port: tuple[str, int], target: str, token: bytes, until: float) -> JSON:
    """Return the JSON of a GET. Raise :class:`OSError` or :class:`ValueError`."""
    # A gateway keeps no connection of who has shown no credential: each question has its own.
    with socket.create_connection(port, _left_s(until)) as connection:
        host = "[::1]" if connection.family == socket.AF_INET6 else "127.0.0.1"
        ours = b"x-standby-token: %b\r\n" % token if token else b""
        lines = f"GET {target} HTTP/1.1\r\nHost: {host}:{port[1]}\r\n"
        connection.sendall(lines.encode() + ours + b"\r\n")
        head, body = _answer(connection, until)
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise ValueError(target)
    value: JSON = json.loads(body)
    return value


def _answer(connection: socket.socket, until: float) -> tuple[bytes, bytes]:
    """Return the head and the body. Raise :class:`OSError` or :class:`ValueError`."""
    data = b""
    while len(data) <= _MAX_BYTES:
        connection.settimeout(_left_s(until))
        more = connection.recv(65_536)
        if not more:
            raise ConnectionError
        data += more
        head, found, body = data.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            return head, body
    raise ValueError("an answer without an end")


def _left_s(until: float) -> float:
    if (left_s := until - time.monotonic()) > 0:
        return left_s
    raise TimeoutError


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")
