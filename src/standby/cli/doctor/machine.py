"""Checks of this machine: folders, token, disk, port."""

import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from standby.adapters.host import secrets
from standby.adapters.host.paths import Paths
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.ledger.looking import Looks
from standby.cli.doctor.findings import Finding, fail, ok, warn
from standby.ports import RecordsError

__all__ = ["disk", "folders", "ledger", "port_taken", "token"]

_OTHERS: Final = 0o077
_GIB: Final = 1024**3
_LITTLE_BYTES: Final = 2 * _GIB
_TOO_LITTLE_BYTES: Final = _GIB // 8
_CONNECT_S: Final = 1.0


def folders(where: Paths) -> Iterator[Finding]:
    """Make the folders if need be, and say who may enter them."""
    try:
        where.make()
    except (OSError, UnsafeFileError) as error:
        yield fail(
            "folders",
            f"they cannot be used: {error}",
            "Give them to your user, or set STANDBY_HOME.",
        )
        return
    yield from _private(where)


def token(where: Paths) -> Finding:
    """Say whether the token can be used."""
    try:
        secrets.token(where.token_file)
    except (OSError, UnsafeFileError) as error:
        return fail("token", str(error), "`standby token rotate` makes a new one.")
    return ok("token", f"{where.token_file} is yours alone")


def disk(where: Paths) -> Finding:
    """Say whether there is room for the ledger and a model."""
    free = shutil.disk_usage(where.data).free
    words = f"{free / _GIB:.1f} GiB free in {where.data}"
    if free < _TOO_LITTLE_BYTES:
        return fail("disk", words, "Free some: not even the rehearsal model (93 MB) fits.")
    if free < _LITTLE_BYTES:
        return warn("disk", words, "Free some before you fetch a model for work.")
    return ok("disk", words)


def ledger(path: Path) -> Finding:
    """Say whether what was booked can be read. What it costs does not grow with the file."""
    if not path.exists():
        return ok("ledger", f"{path}: none yet")
    looks = Looks(path)
    try:
        looks.entries(1)
        looks.sides()
    except RecordsError as error:
        return warn("ledger", f"{path}: {error}", "`standby log` shows what can be read of it.")
    return ok("ledger", f"{path} can be read")


def model_file(path: str) -> Iterator[Finding]:
    """Say whether the file that the settings name is there; nothing where they name none."""
    if not path or Path(path).expanduser().is_file():
        return
    yield fail(
        "model file",
        f"`[local] model_path` names {path}, and there is no such file",
        "Correct it, or leave it empty: then a model of `standby models` is used.",
    )


def port_taken(host: str, port: int) -> Finding | None:
    """Say who has the port that the gateway would listen on, where somebody has it."""
    if port == 0:
        return None
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError:
        return None
    return fail(
        "port",
        f"another program{_who(port)} listens on {host}:{port}",
        "End it, or give the gateway another port: `[gateway] port` in the settings.",
    )


def _private(where: Paths) -> Iterator[Finding]:
    open_ones = [path for path in _ours(where) if _open_to_others(path)]
    for path in open_ones:
        yield warn(
            "folders", f"others may read or write {path}", f"`chmod go-rwx {path}` keeps them out."
        )
    if not open_ones:
        yield ok("folders", f"state, data, cache and log are yours alone ({where.state})")


def _ours(where: Paths) -> Iterator[Path]:
    yield from (where.state, where.data, where.cache, where.log)
    yield from (path for path in where.state.iterdir() if path.is_file())


def _open_to_others(path: Path) -> bool:
    try:
        return sys.platform != "win32" and bool(stat.S_IMODE(path.lstat().st_mode) & _OTHERS)
    except OSError:  # gone meanwhile
        return False


def _who(port: int) -> str:
    """Return which program listens, where the system tells us."""
    try:
        for one in psutil.net_connections(kind="tcp"):
            if (
                one.status == psutil.CONN_LISTEN
                and one.laddr
                and one.laddr.port == port
                and one.pid
            ):
                return f" ({psutil.Process(one.pid).name()}, pid {one.pid})"
    except (psutil.Error, OSError):  # other users' programs are not ours to see
        pass
    return ""
