"""``standby bench``: what is fast on this machine, and how it could be faster."""

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

import click

from standby.cli import gateway, terminal
from standby.cli.bench.showing import Showing, rows

if TYPE_CHECKING:
    from standby.wiring.bench import Outcome

__all__ = ["command"]

# What Claude Code sends at the start: 11 to 16 thousand tokens.
_LIKE_CLAUDE_CODE = 14_000


@click.group("bench", epilog=terminal.examples("standby bench local"))
def command() -> None:
    """Measure how fast the local side of this machine is."""


@command.command(
    epilog=terminal.examples(
        "standby bench local                         the model that would take over",
        "standby bench local --tokens 2000           soon over, on a slow machine",
        "standby bench local embedded/coder --compare",
        "standby bench local --json",
    )
)
@click.argument("model", default="")
@click.option(
    "--tokens",
    type=click.IntRange(64, 1_000_000),
    default=_LIKE_CLAUDE_CODE,
    show_default=True,
    help="The length of the prompt; at most what the model's window has room for.",
)
@click.option("--compare", is_flag=True, help="Try other settings of standby's own engine, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def local(model: str, tokens: int, compare: bool, as_json: bool) -> None:
    """Measure a local model.

    How fast it reads a prompt that is as long as Claude Code's, cold and from its cache, how fast
    it writes, how long it takes to load and how much memory. The prompt is made up here. Without a
    graphics card this takes minutes: how long is told beforehand, and Ctrl-C ends it. The figures
    are kept, and a gateway that starts expects them.
    """
    outcome = _measured(model, tokens, compare=compare)
    if as_json:
        value = {
            **outcome.measured.as_json(),
            "tried": [{"trial": one.name, **found.as_json()} for one, found in outcome.tried],
            "proposal": None if outcome.proposal is None else outcome.proposal.name,
        }
        terminal.data(json.dumps(value, indent=2, ensure_ascii=False))
        return
    terminal.grid(rows(outcome))


def _measured(model: str, tokens: int, *, compare: bool) -> "Outcome":
    from standby.adapters.host.config_file import read_config
    from standby.ports import EngineError
    from standby.wiring.bench import bench_local

    where = gateway.at_home()
    settings = read_config(where.config_file, os.environ).settings
    where.make()
    match gateway.find(where):
        case gateway.Genuine():
            terminal.say("note: a gateway runs; what it does meanwhile makes the figures worse")
        case _:
            pass
    with Showing(sys.stderr) as told:
        try:
            return asyncio.run(bench_local(settings, where, model, tokens, told, compare=compare))
        except EngineError as error:
            hint = "`standby models` lists what the engines have."
            raise terminal.Problem(str(error), hint) from None
