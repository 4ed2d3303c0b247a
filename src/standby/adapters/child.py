"""A child process that ends with us: it holds our pipe as its stdin and exits when that closes.

The pipe closes even when this process is killed. What the child writes on stderr is read all the
time, or it would stop at a full pipe; the last of it is kept for the words of an error.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

__all__ = ["Child", "clean_environment", "ran"]

# Keeps Windows from opening a console for the child.
_NO_WINDOW: Final = int(getattr(subprocess, "CREATE_NO_WINDOW", 0))

# Not the folder that a command was started in: nothing there is ours to read.
_ROOT: Final = Path(sys.executable).anchor

_TAIL_BYTES: Final = 64 * 1024
_LINE_BYTES: Final = 64 * 1024
# A grandchild may hold the pipes for longer.
_LAST_WORDS_S: Final = 1.0
_KILLED_S: Final = 3.0

# What a program needs to run and to find its graphics card. Nothing else of the environment goes
# on: no credential, no proxy, no setting of anybody's.
_NAMES: Final = frozenset(
    {
        *("HOME", "LANG", "LOGNAME", "PATH", "TEMP", "TMP", "TMPDIR", "TZ", "USER"),
        *("LOCALAPPDATA", "NUMBER_OF_PROCESSORS", "PATHEXT", "PROGRAMDATA", "SYSTEMDRIVE"),
        *("SYSTEMROOT", "USERPROFILE", "WINDIR"),
        *("DYLD_FALLBACK_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH"),
    }
)
_PREFIXES: Final = ("CUDA_", "GGML_", "HIP_", "HSA_", "LC_", "NVIDIA_", "OMP_", "ROCR_", "VK_")


def clean_environment(whole: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return what of an environment a child may see, with ``more`` added."""
    kept = {
        name: value
        for name, value in whole.items()
        if name.upper() in _NAMES or name.upper().startswith(_PREFIXES)
    }
    return {**kept, **more}


def ran(command: Sequence[str], within_s: float) -> "subprocess.CompletedProcess[bytes] | None":
    """Run a program to its end and return what came of it; ``None``: there is none, or it hangs.

    No shell, no stdin, and nothing of the environment that it does not need. Blocks, for so many
    seconds at most.
    """
    try:
        return subprocess.run(  # noqa: S603  # callers name a program of the user's, in fixed words
            list(command),
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


class _Ears(asyncio.SubprocessProtocol):
    """Hears what the child says and when it ends.

    The waivers are for ``typing.override``, which is newer than Python 3.11.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.first_line: asyncio.Future[str] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.tail = bytearray()
        self._line = bytearray()

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # type: ignore[explicit-override]
        if fd == 2:  # noqa: PLR2004 - stderr
            self.tail += data
            del self.tail[:-_TAIL_BYTES]
        elif not self.first_line.done():
            self._line += data[:_LINE_BYTES]
            line, end, _ = self._line.partition(b"\n")
            if end or len(self._line) > _LINE_BYTES:
                self.first_line.set_result(line.decode(errors="replace"))

    def process_exited(self) -> None:  # type: ignore[explicit-override]
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # type: ignore[explicit-override]
        """The process has ended and all its pipes are closed."""
        self.process_exited()
        if not self.closed.done():
            self.closed.set_result(None)
        if not self.first_line.done():
            self.first_line.set_result("")


class Child:
    """One running child. Made by :meth:`spawn`; somebody must :meth:`stop` it."""

    def __init__(self, transport: asyncio.SubprocessTransport, ears: _Ears) -> None:
        self._transport = transport
        self._ears = ears
        self.ended_for = ""
        """Why it was ended, or is just being; empty: nobody has said."""

    @classmethod
    async def spawn(
        cls, argv: Sequence[str], environment: Mapping[str, str], folder: str = _ROOT
    ) -> "Child":
        """Start a program without a shell. Raise :class:`OSError` when it cannot be."""
        loop = asyncio.get_running_loop()
        transport, ears = await loop.subprocess_exec(
            lambda: _Ears(loop),
            *argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=folder,
            creationflags=_NO_WINDOW,
        )
        return cls(transport, ears)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet, as far as was heard."""
        return not self._ears.ended.done()

    @property
    def serves(self) -> bool:
        """Whether it is alive, and was not told to end for a reason."""
        return self.alive and not self.ended_for

    @property
    def tail(self) -> bytes:
        """The last of what it wrote on stderr, 64 KiB at most."""
        return bytes(self._ears.tail)

    @property
    def last_words(self) -> str:
        """What it said last, in a line: the lines about failures, if there are any."""
        lines = [line.strip() for line in self.tail.decode(errors="replace").splitlines()]
        lines = [line for line in lines if line]
        telling = [line for line in lines if "error" in line.lower() or "fail" in line.lower()]
        return "; ".join((telling or lines)[-3:])[-600:]

    async def first_line(self) -> str:
        """Wait for the first line on stdout; empty when it ended without one.

        A caller that is cancelled loses nothing: the next one gets the line.
        """
        return await asyncio.shield(self._ears.first_line)

    def epitaph(self) -> str:
        """Say why it was ended; of one that nobody ended, how it did and what it said last."""
        if self.ended_for:
            return self.ended_for
        code = self._transport.get_returncode()
        how = f"ended with code {code}" if code is not None else "has closed its pipes"
        words = self.last_words
        return f"it {how}: {words}" if words else f"it {how}"

    @property
    def code(self) -> int | None:
        """Its exit code, when it has ended."""
        return self._transport.get_returncode()

    async def wait(self) -> None:
        """Wait for its end, and for the last it says."""
        await asyncio.shield(self._ears.ended)
        await self.ended(_LAST_WORDS_S)

    async def ended(self, within_s: float) -> bool:
        """Wait for a while for its end and its last words; say whether it has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.shield(self._ears.closed)
        return not self.alive

    async def stop(self, grace_s: float = 3.0, why: str = "") -> None:
        """End it: by closing its stdin, and by force when that is not heard in time.

        Whoever is cancelled meanwhile has ended it all the same. ``why`` is its epitaph.
        """
        self.ended_for = self.ended_for or why
        stdin = self._transport.get_pipe_transport(0)
        if stdin is not None:
            stdin.close()
        try:
            if not await self.ended(grace_s):
                self._kill()
                await self.ended(_KILLED_S)
        finally:
            self._kill()
            self._transport.close()

    def _kill(self) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()
