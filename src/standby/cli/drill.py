"""``standby drill``: rehearse a switch-over."""

import os
import sys
from typing import cast

import click

from standby.app.drill.options import DrillClient, DrillOptions
from standby.cli import gateway, terminal

__all__ = ["command"]

_TO_THE_END = (0, 1)
"""The exit codes of a drill that nobody broke off, whether it went well or not."""


@click.command(
    "drill",
    epilog=terminal.examples(
        "standby drill",
        "standby drill --client claude",
        "standby drill --json",
        "standby drill --then-serve",
    ),
)
@click.option(
    "--client",
    type=click.Choice(["auto", "sdk", "claude"]),
    default="auto",
    show_default=True,
    help="Who talks to the gateway: the Anthropic SDK, Claude Code, or whichever is installed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--keep", is_flag=True, help="Keep the folder of the drill, with its log and ledger.")
@click.option("--then-serve", is_flag=True, help="On a terminal, continue with `standby serve`.")
def command(client: str, as_json: bool, keep: bool, then_serve: bool) -> None:
    """Rehearse a switch-over, without spending quota.

    A built-in stand-in for the cloud answers, then reports the 5-hour limit, and later resets it.
    The gateway and the local engine are the real ones. Prints what happened, with times. The exit
    code is 1 when a phase failed.
    """
    from standby.wiring import drill

    options = DrillOptions(cast("DrillClient", client), as_json, keep)  # click checked the word
    code = gateway.run_to_end(drill(options, terminal.data))
    if code in _TO_THE_END and then_serve and sys.stdout.isatty():
        _serve()
    raise click.exceptions.Exit(code)


def _serve() -> None:
    from standby.adapters.host.config_file import read_config

    where = gateway.at_home()
    match gateway.find(where):
        case gateway.Genuine(running=running):
            terminal.say(f"a gateway runs already: {running.url} (pid {running.pid})")
        case _:
            configuration = read_config(where.config_file, os.environ)
            gateway.serve_in_front(configuration, where, ready=_ready)


def _ready(url: str) -> None:
    terminal.say(f"listening on {url}; Ctrl-C ends it")
    terminal.say("in another terminal: `standby claude`, or `standby run -- COMMAND`")
