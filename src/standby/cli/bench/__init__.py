"""``standby bench``: what is fast on this machine, and how it could be faster."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from standby.cli import gateway, terminal
from standby.cli.bench.showing import Showing, outcome_json, rows

if TYPE_CHECKING:
    from standby.adapters.host.paths import Paths
    from standby.app.comparing import Outcome
    from standby.core.models.tuned import Proposal
    from standby.core.settings import Settings

__all__ = ["command"]

# What Claude Code sends at the start: 11 to 16 thousand tokens.
_LIKE_CLAUDE_CODE = 14_000
_HINT = "`standby models` lists what the engines have."


@click.group("bench", epilog=terminal.examples("standby bench local"))
def command() -> None:
    """Measure how fast local models run on this machine."""


@command.command(
    epilog=terminal.examples(
        "standby bench local                         the model that would take over",
        "standby bench local --tokens 2000           soon over, on a slow machine",
        "standby bench local embedded/coder --compare --for 5m",
        "standby bench local --compare --adopt       and use what is better",
        "standby bench local --adopt                 use what was proposed last",
        "standby bench local --forget                back to the computed settings",
        "standby bench local --json",
    )
)
@click.argument("model", default="")
@click.option(
    "--tokens",
    type=click.IntRange(64, 1_000_000),
    default=_LIKE_CLAUDE_CODE,
    show_default=True,
    help="Length of the prompt; at most what fits the model's window.",
)
@click.option("--compare", is_flag=True, help="Also try other settings of standby's own engine.")
@click.option(
    "--for",
    "within",
    default="10m",
    show_default=True,
    metavar="TIME",
    callback=lambda _context, _option, text: terminal.seconds(text),
    help="How long a comparison may take: 90s, 5m, 1h. The prompt is shortened to fit.",
)
@click.option("--adopt", is_flag=True, help="From now on, run the model with what is proposed.")
@click.option("--forget", is_flag=True, help="Go back to the computed settings.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def local(
    model: str,
    tokens: int,
    within: float,
    *,
    compare: bool,
    adopt: bool,
    forget: bool,
    as_json: bool,
) -> None:
    """Measure a local model.

    Measures how fast it reads a prompt as long as Claude Code's, cold and from its cache, how fast
    it writes, how long it takes to load, and how much memory it uses. The prompt is made up.
    Without a graphics card this takes minutes: you are told how many beforehand, and Ctrl-C ends
    it. The figures are kept; a gateway that is started later uses them for its estimates.

    --compare tries other settings of an engine that standby starts, one at a time, and proposes
    those that make a turn at least 5 % faster in two measurements. Ctrl-C keeps what was measured
    so far. --adopt uses what was proposed, for this model, this version of the engine and this
    machine; if the engine does not start with it, the computed settings are used instead.
    """
    if forget and (compare or adopt):
        raise click.UsageError("--forget goes with neither --compare nor --adopt")
    bench = _Bench(model, tokens, within, as_json=as_json)
    if forget:
        bench.forget()
    elif compare:
        bench.compare(adopt=adopt)
    elif adopt:
        bench.adopt()
    else:
        bench.measure()


@contextmanager
def _in_words(hint: str = _HINT) -> Iterator[None]:
    from standby.ports import EngineError

    try:
        yield
    except EngineError as error:
        raise terminal.Problem(str(error), hint) from None


class _Bench:
    """One call of the command."""

    def __init__(self, model: str, tokens: int, seconds: float, *, as_json: bool) -> None:
        from standby.adapters.host.config_file import read_config
        from standby.wiring.bench import Wish

        self._where: Paths = gateway.at_home()
        self._settings: Settings = read_config(self._where.config_file, os.environ).settings
        self._wish = Wish(model, tokens, seconds)
        self._as_json = as_json
        self._where.make()

    def measure(self) -> None:
        from standby.wiring.bench import bench_local

        self._alone()
        with Showing(sys.stderr) as told, _in_words():
            outcome = asyncio.run(bench_local(self._settings, self._where, self._wish, told))
        self._show(outcome)

    def compare(self, *, adopt: bool) -> None:
        from standby.wiring.bench import compare_local

        self._alone()
        seen: list[Outcome] = []
        with Showing(sys.stderr) as told, _in_words():
            try:
                asyncio.run(
                    compare_local(self._settings, self._where, self._wish, told, seen.append)
                )
            except KeyboardInterrupt:
                if not seen:
                    raise
        self._show(seen[-1])
        if not seen[-1].done:
            terminal.say("stopped by you; this is what was measured so far")
            raise click.exceptions.Exit(terminal.INTERRUPTED)
        if adopt and seen[-1].proposal is not None:
            self.adopt()
        elif adopt:
            terminal.say("nothing was adopted, because nothing is proposed")

    def adopt(self) -> None:
        from standby.wiring.bench import adopt

        with _in_words("`standby bench local --compare` looks for something."):
            proposal = asyncio.run(adopt(self._settings, self._where, self._wish.model))
        terminal.say(f"adopted for {proposal.model}: {proposal.words}")
        self._next_start()

    def forget(self) -> None:
        from standby.wiring.bench import forget

        given_up: tuple[Proposal, ...] = asyncio.run(forget(self._where, self._wish.model))
        for one in given_up:
            terminal.say(f"given up for {one.model}: {one.name}")
        if given_up:
            self._next_start()
        else:
            terminal.say("nothing was adopted")

    def _next_start(self) -> None:
        if isinstance(gateway.find(self._where), gateway.Genuine):
            terminal.say("a running engine continues as it is; `standby restart` restarts it")

    def _alone(self) -> None:
        if isinstance(gateway.find(self._where), gateway.Genuine):
            terminal.say("note: a gateway is running; its work makes these figures worse")

    def _show(self, outcome: "Outcome") -> None:
        if self._as_json:
            value = outcome_json(outcome)
            terminal.data(json.dumps(value, indent=2, ensure_ascii=False))
        else:
            terminal.grid(rows(outcome))
