"""Start a gateway in the background, and stop it."""

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from standby.adapters.host import processes, secrets
from standby.adapters.host.paths import Paths
from standby.adapters.host.private import (
    UnsafeFileError,
    prepared_private,
    read_private,
    write_private,
)
from standby.adapters.host.processes import Background, Running
from standby.cli.gateway.errors import OTHER_RUNS, GatewayError
from standby.cli.gateway.finding import Absent, Genuine, find, genuine

__all__ = [
    "check_room",
    "ensure",
    "forget_stopped",
    "halt",
    "note_stopped",
    "start",
    "stopped",
    "tail",
]

READY_S: Final = 20.0
_LOOK_S: Final = 0.03
_END_S: Final = 3.0
_SHOWN_LINES: Final = 15
_TAIL_BYTES: Final = 64 * 1024
_MAX_LOG_BYTES: Final = 8 * 1024 * 1024
_STOPPED: Final = "stopped"
_ROOM_BYTES: Final = 64 * 1024
# The gateway has no use for the credentials and habits of the client that happens to start it.
_CLIENT_S: Final = ("ANTHROPIC_", "CLAUDE")


def ensure(where: Paths, environment: Mapping[str, str]) -> Genuine:
    """Return the gateway that runs here; start one where none does. Raise GatewayError."""
    if isinstance(find(where), Absent):
        return start(where, environment)
    return genuine(where)


def start(
    where: Paths,
    environment: Mapping[str, str],
    options: Sequence[str] = (),
    *,
    ready_s: float = READY_S,
) -> Genuine:
    """Start a gateway that outlives us, and wait until it is ready. Raise GatewayError.

    Of two who do so at once, both get the one gateway that came first.
    """
    where.make()
    secrets.token(where.token_file)
    _roll(where.log_file)
    begin = _size(where.log_file)
    background = processes.spawn(
        [sys.executable, "-P", "-m", "standby", "serve", *options],
        log=where.log_file,
        folder=where.state,
        environment=_for_gateway(environment),
    )
    found = _ready(where, background, ready_s)
    if found is not None:
        if not _is_of(background, found.running):
            _end(background)  # it came second, and would come first should that one end now
        return found
    code = background.ended()
    if code is None:
        _end(background)
        words = f"the gateway was not ready within {ready_s:g} s"
    else:
        words = "the gateway did not start"
    raise GatewayError(f"{words}; it said:\n{_indented(where, begin)}", _log_hint(where))


def check_room(where: Paths) -> None:
    """See that a gateway could write what it starts with. Raise :class:`GatewayError`.

    Before one is stopped for another: that other might not start, and nobody would be there.
    """
    try:
        where.make()
        with prepared_private(where.state / "room", bytes(_ROOM_BYTES)):
            pass
    except OSError as error:
        raise GatewayError(
            f"another gateway could not start: {where.state}: {error.strerror or error}",
            "The one that runs was left alone.",
        ) from error


def halt(where: Paths, running: Running, *, grace_s: float) -> str:
    """Stop a gateway; return how it went: ``gone``, ``ended`` or ``killed``."""
    note_stopped(where, running.pid)  # the first thing: those who watch must see why it ends
    return processes.stop(running, grace_s=grace_s)


def note_stopped(where: Paths, pid: int) -> None:
    """Write down that a gateway ends because somebody wants it to."""
    with suppress(OSError, UnsafeFileError):
        write_private(where.state / _STOPPED, str(pid).encode())


def forget_stopped(where: Paths) -> None:
    """Forget the one that was stopped: another begins."""
    with suppress(OSError):
        (where.state / _STOPPED).unlink(missing_ok=True)


def stopped(where: Paths, pid: int) -> bool:
    """Whether a gateway that no longer runs was stopped on purpose."""
    try:
        return read_private(where.state / _STOPPED) == str(pid).encode()
    except (OSError, UnsafeFileError):
        return False


def tail(path: Path, lines: int, begin: int = 0) -> list[str]:
    """Return the last lines of a file, of those after its first ``begin`` bytes."""
    try:
        with path.open("rb") as file:
            file.seek(max(begin, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return text.splitlines()[-lines:] if lines > 0 else []


def _ready(where: Paths, background: Background, ready_s: float) -> Genuine | None:
    until = time.monotonic() + ready_s
    pause = threading.Event()
    while time.monotonic() < until:
        # Asked before the look: one that ended after it may have been ready in between.
        code = background.ended()
        found = find(where)
        if isinstance(found, Genuine):
            return found
        if code not in (None, OTHER_RUNS):
            return None
        pause.wait(_LOOK_S)
    return None


def _is_of(background: Background, running: Running) -> bool:
    """Whether the gateway that runs is the one we started; on Windows, a child of that one."""
    if running.pid == background.pid:
        return True
    try:
        return psutil.Process(running.pid).ppid() == background.pid
    except psutil.Error:
        return False


def _end(background: Background) -> None:
    """End a gateway that is of no use, and see that it has ended."""
    with suppress(psutil.Error):
        process = psutil.Process(background.pid)
        process.terminate()
        if not _ended(background):
            process.kill()
            _ended(background)


def _ended(background: Background) -> bool:
    until = time.monotonic() + _END_S
    pause = threading.Event()
    while background.ended() is None and time.monotonic() < until:
        pause.wait(_LOOK_S)
    return background.ended() is not None


def _for_gateway(environment: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in environment.items() if not name.startswith(_CLIENT_S)}


def _roll(log: Path) -> None:
    """Begin a new log when the one that is there has grown large; keep that one beside it."""
    if _size(log) > _MAX_LOG_BYTES:
        with suppress(OSError):
            log.replace(log.with_suffix(".log.1"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _indented(where: Paths, begin: int) -> str:
    said = (line for line in tail(where.log_file, _SHOWN_LINES, begin) if line.strip())
    lines = list(said) or ["(nothing)"]
    return "\n".join(f"  {line}" for line in lines)


def _log_hint(where: Paths) -> str:
    return f"The whole log: {where.log_file}. `standby doctor` looks for what is wrong."
