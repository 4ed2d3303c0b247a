"""Words for people: data on stdout, everything else on stderr; readable without colour."""

import datetime as dt
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TextIO, TypeAlias

import click

__all__ = [
    "INTERRUPTED",
    "USAGE",
    "Problem",
    "Row",
    "Tone",
    "bar",
    "data",
    "duration",
    "examples",
    "grid",
    "is_terminal",
    "moment",
    "one_line",
    "paint",
    "printable",
    "report",
    "say",
    "seconds",
]

USAGE: Final = 2
INTERRUPTED: Final = 130

Tone: TypeAlias = Literal["plain", "good", "poor", "bad", "dim"]
Row: TypeAlias = tuple[str, str, Tone]
"""A label, what is said of it, and in which tone."""

_COLOURS: Final[dict[Tone, str]] = {"good": "green", "poor": "yellow", "bad": "red"}
_BAR: Final = 20
_LENGTH: Final = re.compile(r"(?P<count>[0-9]{1,6})\s*(?P<unit>s|min|m|h|d|w)")
_UNITS_S: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_MINUTE_S: Final = 60
_HOUR_S: Final = 60 * _MINUTE_S
_DAY_S: Final = 24 * _HOUR_S


class Problem(Exception):  # noqa: N818  # what a person has, not what a program throws
    """A sentence for a person, what to do about it, and the exit code it ends with."""

    def __init__(self, words: str, hint: str = "", code: int = 1) -> None:
        super().__init__(words)
        self.hint = hint
        self.code = code


def data(text: str) -> None:
    """Print what the command was asked for."""
    click.echo(text)


def say(words: str) -> None:
    """Tell a person something on the side."""
    click.echo(f"standby: {printable(words)}", err=True)


def report(words: str, hint: str = "") -> None:
    """Tell a person what went wrong, and after a blank line what can be done about it."""
    first, *more = (printable(line) for line in words.split("\n"))
    click.echo("\n".join([paint(f"standby: {first}", "bad", sys.stderr), *more]), err=True)
    if hint:
        click.echo(f"\n{printable(hint)}", err=True)


def grid(rows: Iterable[Row]) -> None:
    """Print rows of label and words: wrapped and coloured on a terminal, plain elsewhere."""
    kept = [(printable(label), printable(words), tone) for label, words, tone in rows]
    if is_terminal(sys.stdout):
        _rich_grid(kept)
        return
    width = max((len(label) for label, _, _ in kept), default=0)
    # What goes on in a second line stays below its words, and passes for no row of its own.
    below = f"\n{'':<{width}}  "
    for label, words, _ in kept:
        click.echo(f"{label:<{width}}  {words.replace(chr(10), below)}".rstrip())


def paint(text: str, tone: Tone, stream: TextIO) -> str:
    """Return the text in the colour of a tone, where there are colours."""
    if tone == "plain" or not is_terminal(stream) or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=_COLOURS.get(tone), dim=tone == "dim" or None)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at it."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def printable(text: str) -> str:
    """Return the text without what would move the cursor or change the terminal.

    Names of models and words of servers come from elsewhere.
    """
    return "".join(
        sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def one_line(text: str) -> str:
    """Return the text as :func:`printable` does, in one line: a name must not make two of a row."""
    return printable(text).replace("\n", "\N{REPLACEMENT CHARACTER}")


def bar(part: float) -> str:
    """Return a part of 1 as a bar and per cent."""
    filled = round(max(0.0, min(part, 1.0)) * _BAR)
    return f"{'█' * filled}{'░' * (_BAR - filled)} {part:4.0%}"


def duration(seconds: float) -> str:
    """Return a length of time as a person would say it."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S:.0f} h {seconds % _HOUR_S // _MINUTE_S:.0f} min"
    return f"{seconds // _DAY_S:.0f} d {seconds % _DAY_S // _HOUR_S:.0f} h"


def seconds(text: str) -> float:
    """Return the length of time that a person means, in seconds. Raise ``click.BadParameter``."""
    if (length := _length_s(text)) is not None:
        return length
    raise click.BadParameter(f"{text!r} is not a length of time, such as 90s, 5m, 1h or 2d")


def _length_s(text: str) -> float | None:
    length = _LENGTH.fullmatch(text.strip().lower())
    return None if length is None else int(length["count"]) * _UNITS_S[length["unit"]]


def moment(text: str, now: float) -> float:
    """Return the moment that a person means, in seconds since the epoch.

    Raise ``click.BadParameter``.
    """
    if text == "today":
        day = dt.datetime.fromtimestamp(now).astimezone().date()
        return dt.datetime.combine(day, dt.time()).astimezone().timestamp()
    if (ago_s := _length_s(text)) is not None:
        return max(0.0, now - ago_s)
    try:
        return max(0.0, dt.datetime.fromisoformat(text).astimezone().timestamp())
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            f"{text!r} is not a time, such as 30m, 7d, today, 2026-11-01 or 2026-11-01T09:30"
        ) from None


def examples(*lines: str) -> str:
    """Return the end of a command's help."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def _rich_grid(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for label, words, tone in rows:
        style = "dim" if tone == "dim" else _COLOURS.get(tone, "")
        table.add_row(Text(label, style="dim"), Text(words, style=style, overflow="fold"))
    # Without colours there is no weight either, as in `paint`.
    Console(color_system=None if os.environ.get("NO_COLOR") else "auto").print(table)
