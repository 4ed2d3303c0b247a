"""How far something is: a bar on a terminal, a line for each tenth elsewhere."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import click

from standby.cli import terminal
from standby.core.models.fit import gigabytes

if TYPE_CHECKING:
    from standby.app.models import Progress

__all__ = ["progress"]

_BY_TENTHS: Final = 10


class progress:  # noqa: N801  # a context manager that reads like a verb
    """Shows how far it is: a bar on a terminal, a line for each tenth elsewhere."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._drawn = False
        self._terminal = terminal.is_terminal(sys.stderr)

    def __enter__(self) -> "Callable[[Progress], None]":
        return self._told

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            click.echo("", err=True)

    def _told(self, at: "Progress") -> None:
        part = at.done / at.whole if at.whole else 1.0
        steps = 1000 if self._terminal else _BY_TENTHS
        now = (at.step, int(part * steps))
        if now == self._last:
            return
        self._last = now
        words = f"{at.step:<9} {terminal.bar(part)}  {gigabytes(at.done)} of {gigabytes(at.whole)}"
        if self._terminal:
            click.echo(f"\r\x1b[K{words}", nl=False, err=True)
            self._drawn = True
        else:
            click.echo(words, err=True)
