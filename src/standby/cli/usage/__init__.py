"""``standby usage``: what is left, what was spent, who answered."""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, NoReturn

import click

from standby.cli import terminal
from standby.cli.usage.asking import asked
from standby.cli.usage.screen import screen
from standby.cli.usage.sheet import sheet
from standby.core.wire.json import JSON

__all__ = ["command"]

_EVERY_S: Final = 2.0
_CLEAR: Final = "\x1b[H\x1b[J"


@click.command(
    "usage",
    epilog=terminal.examples(
        "standby usage",
        "standby usage --watch",
        "standby usage --since 30d --by day",
        "standby usage --since 2026-11-01 --by project --csv",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the groups of `--by` as CSV.")
@click.option("--since", default="7d", show_default=True, help="30m, 12h, 7d, 4w, today or a date.")
@click.option(
    "--by",
    type=click.Choice(["session", "project", "model", "day", "hour"]),
    default="model",
    show_default=True,
    help="How to group the time since then.",
)
@click.option("--watch", is_flag=True, help="Refresh every two seconds until Ctrl-C.")
def command(as_json: bool, as_csv: bool, since: str, by: str, watch: bool) -> None:
    """Show what is left, what was used, and who answered.

    Quota windows are shown as the cloud last reported them; it is never asked. When a window will
    run out is estimated from recent use, with a range that holds four times out of five. Costs are
    list prices (`standby prices`): what the tokens would cost at the API, not what you pay.
    """
    if as_json and as_csv:
        raise click.UsageError("either --json or --csv")

    def shown() -> str:
        said = asked({"since": f"{terminal.moment(since, time.time()):.0f}", "by": by})
        if as_json:
            return json.dumps(said, indent=2, ensure_ascii=False)
        return sheet(said) if as_csv else _painted(said)

    if watch:
        _watch(shown)
    terminal.data(shown())


def _painted(said: JSON) -> str:
    lines = screen(said, sys.stdout.encoding or "ascii")
    return "\n".join(terminal.paint(words, tone, sys.stdout) for words, tone in lines)


def _watch(shown: Callable[[], str]) -> NoReturn:
    pause = threading.Event()
    while True:
        page = shown()
        if terminal.is_terminal(sys.stdout):
            click.echo(_CLEAR, nl=False)
        terminal.data(page)
        pause.wait(_EVERY_S)
