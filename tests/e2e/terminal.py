"""A terminal of its own for a program with a screen: tmux, which can be typed into and read.

Nothing of the person who runs the tests reaches it: no configuration, a server and a socket of its
own, and the environment that is named.
"""

import asyncio
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ENOUGH_S = 60.0
LOOK_S = 0.1
LEAVE_S = 30.0


class TerminalError(Exception):
    """The screen did not show in time what was waited for; the message has the screen."""


@dataclass
class Terminal:
    """``async with Terminal(command, environment, folder) as terminal: ...``"""

    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    columns: int = 110
    rows: int = 36
    _socket: str = field(default="", init=False)

    async def __aenter__(self):
        # Not below the folder of the test: the path of a socket may have 100 letters at most.
        self._socket = str(Path(tempfile.mkdtemp(prefix="standby-")) / "tmux")
        await self._tmux(
            *("-f", os.devnull, "new-session", "-d"),
            *("-x", str(self.columns), "-y", str(self.rows), *self.command),
        )
        return self

    async def __aexit__(self, *_):
        with suppress(TerminalError):  # it has ended with its program
            await self._tmux("kill-server")
        shutil.rmtree(Path(self._socket).parent, ignore_errors=True)

    async def screen(self):
        """What is on the screen, line by line, without blanks at their ends."""
        text = await self._tmux("capture-pane", "-p")
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    async def last(self, sign):
        """The lowest line that holds a sign; empty when none does."""
        return next((line for line in reversed(await self.screen()) if sign in line), "")

    async def type(self, text):
        """Type a line, and send it off once it stands there."""
        await self._tmux("send-keys", "-l", text)
        await self.until(lambda screen: any(text in line for line in screen))
        await self._tmux("send-keys", "Enter")

    async def press(self, key):
        """Press a key by its name, such as ``Down``."""
        await self._tmux("send-keys", key)

    async def until(self, happened, within_s=ENOUGH_S):
        """Wait until the lines of the screen are as told, and return them."""
        screen = []
        try:
            async with asyncio.timeout(within_s):
                while not happened(screen := await self.screen()):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            shown = "\n".join(screen)
            raise TerminalError(f"not within {within_s:g} s; the screen:\n{shown}") from None
        return screen

    async def until_shows(self, text, within_s=ENOUGH_S):
        """Wait until a text stands on the screen, and return its lines."""
        return await self.until(lambda screen: any(text in line for line in screen), within_s)

    async def _tmux(self, *words):
        process = await asyncio.create_subprocess_exec(
            *("tmux", "-S", self._socket, *words),
            env=self.environment,
            cwd=self.folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(LEAVE_S):
            out, complaint = await process.communicate()
        if process.returncode:
            raise TerminalError(f"tmux {words[0]}: {complaint.decode()}")
        return out.decode()
