"""``standby log``: what the gateway in the background said."""

import threading
from pathlib import Path
from typing import Final

import click

from standby.cli import gateway, terminal

__all__ = ["command"]

_LOOK_S: Final = 0.3


@click.command(
    "log", epilog=terminal.examples("standby log", "standby log -n 100", "standby log -f")
)
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="How many lines."
)
@click.option("-f", "--follow", is_flag=True, help="Go on printing, until Ctrl-C.")
def command(lines: int, follow: bool) -> None:  # click's way
    """Print the end of the gateway's log.

    It never holds a prompt, an answer or a credential.
    """
    path = gateway.at_home().log_file
    if not path.exists():
        raise terminal.Problem(
            f"there is no log at {path}",
            "`standby up` writes one; `standby serve` says the same in its own terminal.",
        )
    begin = path.stat().st_size
    for line in gateway.tail(path, lines):
        terminal.data(terminal.printable(line))
    if follow:
        _follow(path, begin)


def _follow(path: Path, begin: int) -> None:
    pause = threading.Event()
    while True:
        size = path.stat().st_size if path.exists() else 0
        if size < begin:  # a new log was begun
            begin = 0
        if size > begin:
            with path.open("rb") as file:
                file.seek(begin)
                text = file.read(size - begin)
            begin = size
            click.echo(terminal.printable(text.decode(errors="replace")), nl=False)
        pause.wait(_LOOK_S)
