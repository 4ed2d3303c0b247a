"""Words on the desktop, or a bell in the terminal. No shell, and nothing but our own words.

The text never becomes a part of a program: it is an argument, or on Windows a variable.
"""

import asyncio
import logging
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TextIO

__all__ = ["Bell", "Desktop", "DesktopWay", "desktop_way"]

log = logging.getLogger(__name__)

_WITHIN_S: Final = 5.0
_MOST: Final = 200
_APPLE: Final = (
    *("-e", "on run argv"),
    *("-e", "display notification (item 2 of argv) with title (item 1 of argv)"),
    *("-e", "end run"),
)
_WINDOWS: Final = """\
$kind = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, \
ContentType = WindowsRuntime]
$page = $kind::GetTemplateContent(1)
$lines = $page.GetElementsByTagName('text')
$null = $lines.Item(0).AppendChild($page.CreateTextNode($env:STANDBY_TITLE))
$null = $lines.Item(1).AppendChild($page.CreateTextNode($env:STANDBY_WORDS))
$toast = [Windows.UI.Notifications.ToastNotification, Windows.UI.Notifications, \
ContentType = WindowsRuntime]::new($page)
$kind::CreateToastNotifier('standby').Show($toast)
"""


@dataclass(frozen=True, slots=True)
class DesktopWay:
    """How a system is told: a program, what comes before the two texts, or variables for them."""

    program: str
    arguments: tuple[str, ...]
    by_variables: bool = False

    def command(self, title: str, words: str) -> Sequence[str]:
        """Return the arguments for two texts."""
        return self.arguments if self.by_variables else (*self.arguments, title, words)

    def variables(self, title: str, words: str) -> Mapping[str, str]:
        """Return what is added to the environment for two texts."""
        return {"STANDBY_TITLE": title, "STANDBY_WORDS": words} if self.by_variables else {}


def desktop_way(platform: str = sys.platform) -> DesktopWay:
    """Return how this system is told."""
    match platform:
        case "darwin":
            return DesktopWay("osascript", (*_APPLE, "--"))
        case "win32":
            options = ("-NoProfile", "-NonInteractive", "-Command")
            return DesktopWay("powershell", (*options, _WINDOWS), by_variables=True)
        case _:
            return DesktopWay("notify-send", ("--app-name=standby", "--"))


class Bell:
    """Rings in the terminal that the gateway is served in. Where there is none, the log has it."""

    def __init__(self, terminal: TextIO | None = None) -> None:
        self._terminal = terminal

    async def tell(self, title: str, words: str) -> None:
        """Ring, and write the words to the log."""
        log.warning("%s", _clean(f"{title}. {words}"))
        terminal = self._terminal or sys.stderr
        if terminal.isatty():
            with suppress(OSError):  # the terminal is gone
                terminal.write("\a")
                terminal.flush()


@dataclass(slots=True)
class Desktop:
    """Shows a notification on the desktop; where that fails, the bell rings instead."""

    way: DesktopWay = field(default_factory=desktop_way)
    otherwise: Bell = field(default_factory=Bell)
    within_s: float = _WITHIN_S

    async def tell(self, title: str, words: str) -> None:
        """Show two texts. Never raises, and waits no longer than it may."""
        if not await self._shown(_clean(title), _clean(words)):
            await self.otherwise.tell(title, words)

    async def _shown(self, title: str, words: str) -> bool:
        program = await asyncio.to_thread(shutil.which, self.way.program)
        if program is None:
            return False
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *self.way.command(title, words),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={**os.environ, **self.way.variables(title, words)},
            )
        except OSError:
            return False
        try:
            async with asyncio.timeout(self.within_s):
                return await process.wait() == 0
        except TimeoutError:
            return False
        finally:
            with suppress(ProcessLookupError):
                if process.returncode is None:
                    process.kill()
                    await process.wait()


def _clean(text: str) -> str:
    """Return a text of one line: names of models come from elsewhere."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown[:_MOST].strip()
