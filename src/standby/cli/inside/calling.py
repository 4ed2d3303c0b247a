"""Run one of our own commands and return what it said, as text without colours."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Answer", "called"]

_WITHIN_S: Final = 15.0
_COLUMNS: Final = "80"
_MOST: Final = 20_000
"""More characters than this are no answer for a conversation."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said, and whether all went well."""

    text: str
    well: bool


def called(words: Sequence[str], *, within_s: float = _WITHIN_S) -> Answer:
    """Return what ``standby WORDS`` says. Never raises, and never waits longer than it may."""
    command = [sys.executable, "-P", "-m", "standby", *words]
    try:
        done = subprocess.run(  # noqa: S603  # ourselves, and no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": _COLUMNS, "PYTHONIOENCODING": "utf-8"},
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(f"`standby {' '.join(words)}` took longer than {within_s:g} s", well=False)
    except OSError as error:
        return Answer(f"standby cannot be started: {error.strerror}", well=False)
    said = b"\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
    return Answer(said.decode(errors="replace")[:_MOST], well=done.returncode == 0)
