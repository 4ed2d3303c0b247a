"""A program that is talked to in lines of JSON, and ends when its stdin does."""

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from standby.adapters.host.private import append_private
from standby.core.wire.json import JSON, NotJSONError, dumps, loads

__all__ = ["Dialogue", "DialogueError"]

_MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_KILLED_S: Final = 5.0


class DialogueError(Exception):
    """The program said nothing in time, nothing that is JSON, or has ended; says which."""


class Dialogue:
    """One running program. Made by :meth:`start`; somebody must :meth:`stop` it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, argv: Sequence[str], environment: Mapping[str, str], *, folder: Path, log: Path
    ) -> "Dialogue":
        """Start a program without a shell; its stderr goes into a log. Raise :class:`OSError`."""
        complaints = await asyncio.to_thread(append_private, log)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=PIPE,
                stdout=PIPE,
                stderr=complaints,
                env=dict(environment),
                cwd=folder,
                limit=_MAX_LINE_BYTES,
            )
        finally:
            os.close(complaints)
        return cls(process)

    async def tell(self, value: Mapping[str, JSON], within_s: float) -> None:
        """Say something. Raise :class:`DialogueError`."""
        stdin = self._process.stdin
        if stdin is None:  # never: it was asked for
            raise DialogueError("it does not listen")
        try:
            async with asyncio.timeout(within_s):
                stdin.write(dumps(dict(value)) + b"\n")
                await stdin.drain()
        except TimeoutError:
            raise DialogueError(f"it did not listen for {within_s:g} s") from None
        except ConnectionError:
            raise DialogueError("it has ended") from None

    async def hear(self, within_s: float) -> JSON:
        """Return the next thing that it says. Raise :class:`DialogueError`."""
        stdout = self._process.stdout
        if stdout is None:  # never: it was asked for
            raise DialogueError("it does not speak")
        try:
            async with asyncio.timeout(within_s):
                line = await stdout.readline()
        except TimeoutError:
            raise DialogueError(f"it said nothing for {within_s:g} s") from None
        except ValueError:
            raise DialogueError(f"it said a line over {_MAX_LINE_BYTES} bytes") from None
        if not line.endswith(b"\n"):
            raise DialogueError("it has ended")
        try:
            return loads(line)
        except NotJSONError:
            raise DialogueError(f"it said {line[:80]!r}") from None

    async def stop(self, grace_s: float = 2.0) -> None:
        """End it: by closing its stdin, and by force when that is not heard in time.

        Whoever is cancelled meanwhile has ended it all the same.
        """
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
            if not await self._ended(grace_s):
                self._kill()
                await self._ended(_KILLED_S)
        finally:
            self._kill()

    async def _ended(self, within_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._process.wait()
        return self._process.returncode is not None

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
