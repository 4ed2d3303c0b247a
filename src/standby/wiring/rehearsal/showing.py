"""How a rehearsal is shown: line by line, in colour on a terminal."""

import os
import sys
from collections.abc import Callable

from standby.app.drill.report import PLAIN_SIGNS, SIGNS, Said

__all__ = ["ignored", "of_log", "printable", "shown", "signs"]


def signs() -> tuple[str, str]:
    """Return a tick and a cross, in what this terminal can show."""
    try:
        "".join(SIGNS).encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return PLAIN_SIGNS
    return SIGNS


def shown(out: Callable[[str], None]) -> Callable[[Said], None]:
    """Return what shows a line: in colour on a terminal, else as it is."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
        return lambda line: out(printable(line.text))
    from rich.console import Console  # noqa: PLC0415  # on terminals only
    from rich.text import Text  # noqa: PLC0415  # for terminals only

    console = Console(highlight=False)
    styles = {"title": "bold", "good": "green", "bad": "red", "plain": "", "dim": "dim"}
    return lambda line: console.print(Text(printable(line.text), style=styles[line.mood]))


def ignored(_line: Said) -> None:
    """Show nothing."""


def printable(text: str) -> str:
    """Return the text without what would move the cursor: models and servers choose their words."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def of_log(log: tuple[str, ...]) -> tuple[Said, ...]:
    """Return the last lines of the gateway as lines to show."""
    if not log:
        return ()
    return (
        Said("\nThe last that the gateway said:", "title"),
        *(Said(f"  {line}", "dim") for line in log),
    )
