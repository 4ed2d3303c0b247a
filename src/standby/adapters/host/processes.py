"""Processes of this machine: which gateway runs here, one at a time; starting and stopping it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

from standby.adapters.host.locks import locked
from standby.adapters.host.private import (
    UnsafeFileError,
    append_private,
    prepared_private,
    read_private,
)
from standby.core.wire.json import JSON, NotJSONError, dumps, loads

if sys.platform != "win32":
    import resource

__all__ = [
    "FILES",
    "AlreadyRunningError",
    "Background",
    "Claim",
    "ProcessError",
    "Running",
    "claim",
    "harden",
    "running",
    "spawn",
    "stop",
]

FILES: Final = 8192
"""So many files and sockets at once: many systems allow 1024, and a stream takes two."""
_RECORD: Final = "run.json"
_LOCK: Final = "gateway.lock"
# Clock ticks are 10 ms, and a boot time is told in whole seconds.
_SAME_BIRTH_S: Final = 2.0
_KILLED_S: Final = 5.0
_LOOK_S: Final = 0.05


class ProcessError(Exception):
    """A process could not be started or stopped; its message says why."""


class AlreadyRunningError(Exception):
    """Another gateway has this folder; ``running`` is which, where it has said so already."""

    def __init__(self, folder: Path, running: "Running | None") -> None:
        who = "another gateway" if running is None else f"a gateway (pid {running.pid})"
        super().__init__(f"{who} already uses {folder}")
        self.running = running


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that runs."""

    pid: int
    born_s: float
    """When the process began, to tell it from a later one with the same number."""
    port: int
    version: str
    url: str


class Claim:
    """The right to be the gateway of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def announce(self, *, port: int, version: str, url: str) -> Running:
        """Write down that this process serves, for those who look for a gateway."""
        with self.announcement(port=port, version=version, url=url) as announce:
            return announce()

    @contextlib.contextmanager
    def announcement(self, *, port: int, version: str, url: str) -> Iterator[Callable[[], Running]]:
        """Prepare what :meth:`announce` writes, and yield what does so, which cannot fail for want
        of room: by then clients may come.
        """
        me = Running(os.getpid(), _birth(psutil.Process()), port, version, url)
        record: dict[str, JSON] = {
            "pid": me.pid,
            "born_s": me.born_s,
            "port": me.port,
            "version": me.version,
            "url": me.url,
        }
        with prepared_private(self._folder / _RECORD, dumps(record)) as put:

            def announce() -> Running:
                put()
                return me

            yield announce


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[Claim]:
    """Be the one gateway of a state folder. Raise :class:`AlreadyRunningError`.

    The lock is the operating system's: it ends with the process, however that ends.
    """
    handle = append_private(folder / _LOCK)
    try:
        if not locked(handle):
            raise AlreadyRunningError(folder, running(folder))
        (folder / _RECORD).unlink(missing_ok=True)  # of one that was killed
        try:
            yield Claim(folder)
        finally:
            (folder / _RECORD).unlink(missing_ok=True)
    finally:
        os.close(handle)


def running(folder: Path) -> Running | None:
    """Return the gateway of a state folder that runs now, ``None`` when there is none."""
    try:
        data = read_private(folder / _RECORD)
        value = None if data is None else loads(data)
    except (OSError, UnsafeFileError, NotJSONError):
        return None
    match value:
        case {
            "pid": int(pid),
            "born_s": int() | float() as born_s,
            "port": int(port),
            "version": str(version),
            "url": str(url),
        }:
            found = Running(pid, float(born_s), port, version, url)
            return None if _process(found) is None else found
        case _:
            return None


@dataclass(slots=True)
class Background:
    """A process that was started to outlive us."""

    _process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ended(self) -> int | None:
        """Return its exit code when it has ended already, ``None`` while it runs."""
        return self._process.poll()


def spawn(
    arguments: Sequence[str], *, log: Path, folder: Path, environment: Mapping[str, str]
) -> Background:
    """Start a process that outlives us and our terminal; what it says goes into a log file.

    It works in ``folder``, so that the one we were started in can be removed. Raise
    :class:`ProcessError`.
    """
    try:
        output = append_private(log)
    except (OSError, UnsafeFileError) as error:
        raise ProcessError(f"the log cannot be written: {error}") from error
    try:
        return Background(_started(arguments, output, folder, environment))
    except OSError as error:
        raise ProcessError(f"{arguments[0]} cannot be started: {error}") from error
    finally:
        os.close(output)


def stop(found: Running, *, grace_s: float = 10.0) -> Literal["gone", "ended", "killed"]:
    """Ask a gateway to end, and end it when it has not within its grace; say how it went.

    Waits: not for the event loop. On Windows there is no asking: it is ended at once. Raise
    :class:`ProcessError` when it is not ours to stop.
    """
    try:
        if (process := _process(found)) is None:
            return "gone"
        process.terminate()
        if _ends(found, process, grace_s):
            return "ended"
        process.kill()
        if _ends(found, process, _KILLED_S):
            return "killed"
    except psutil.NoSuchProcess:
        return "ended"
    except psutil.AccessDenied as error:
        raise ProcessError(f"process {found.pid} cannot be stopped: {error}") from error
    raise ProcessError(f"process {found.pid} cannot be stopped: it does not end")


def harden() -> bool:
    """Keep what we write to ourselves: new files are ours alone, and no core file is left behind.

    The first thing a gateway does. From then on it may open :data:`FILES`. Return whether it runs
    as root, which it has no need to.
    """
    os.umask(0o077)
    if sys.platform == "win32":
        return False
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _raise_files()
    return os.geteuid() == 0


def _raise_files() -> None:
    """Allow ourselves :data:`FILES`, or as many as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _started(
    arguments: Sequence[str], output: int, folder: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(  # noqa: S603  # a fixed list of our own, and no shell
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
        creationflags=flags,
    )


def _process(found: Running) -> psutil.Process | None:
    """Return the process if it still is the one that was written down, and not a corpse."""
    try:
        process = psutil.Process(found.pid)
        same = abs(_birth(process) - found.born_s) < _SAME_BIRTH_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, ValueError, OverflowError):
        return None


def _ends(found: Running, process: psutil.Process, within_s: float) -> bool:
    """Wait for it to end. A corpse has: its parent may be a client that runs on, and not look."""
    until = time.monotonic() + within_s
    while _process(found) is not None:
        left_s = until - time.monotonic()
        if left_s <= 0:
            return False
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(min(_LOOK_S, left_s))
    return True


def _birth(process: psutil.Process) -> float:
    # On Linux psutil adds the boot time, which moves when the wall clock is set. Taken off again,
    # what is left never changes.
    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0.0)
