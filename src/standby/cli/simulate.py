"""``standby simulate``: what another policy would have done with the past."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from standby.cli import gateway, terminal
from standby.core.wire.json import JSON

if TYPE_CHECKING:
    from standby.core.settings import Policy

__all__ = ["command"]

_FULL: Final = 0.995
_SIDES: Final = (
    ("on the cloud", "cloud"),
    ("here", "local"),
    ("answered by nobody", "nobody"),
    ("of high value, here", "high_local"),
    ("changes of sides", "switches"),
)


@click.command(
    "simulate",
    epilog=terminal.examples(
        "standby simulate --mode spare",
        "standby simulate --policy other.toml --since 7d",
        "standby simulate --policy other.toml --mode auto --json",
    ),
)
@click.option(
    "--policy",
    "file",
    type=click.Path(path_type=Path),
    help="A settings file whose [policy] is used; by default your settings.",
)
@click.option(
    "--mode", type=click.Choice(["auto", "spare", "cloud", "local"]), help="Use this mode instead."
)
@click.option("--since", default="7d", show_default=True, help="30m, 12h, 7d, 4w, today or a date.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path | None, mode: str | None, since: str, as_json: bool) -> None:
    """Replay past requests under another policy.

    Shows what would have been answered where, how often conversations would have changed sides,
    what the cloud's answers would have cost at list prices, and how much of each quota window would
    have been used. Nothing is sent, and no running gateway is needed. The rules are the real ones.
    Where nobody had read a request's body, they know only what its row says, and treat it as
    high-value.
    """
    from standby.wiring.simulating import simulation_of

    begin = terminal.moment(since, time.time())
    wanted = _policy(file)
    said = asyncio.run(simulation_of(gateway.at_home(), wanted, mode, begin, _progress))
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
        return
    if not said["requests"]:
        raise terminal.Problem(
            "there is nothing to replay since then", "`standby log` shows what the ledger has."
        )
    terminal.grid([(label, words, "plain") for label, words in lines(said)])


def _policy(file: Path | None) -> "Policy":
    import os

    from standby.adapters.host.config_file import read_config

    if file is None:
        return read_config(gateway.at_home().config_file, os.environ).settings.policy
    return read_config(file, {}, required=True).settings.policy


def _progress(rows: int) -> None:
    if terminal.is_terminal(sys.stderr):
        terminal.say(f"{rows} requests read")


def lines(said: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Yield what was found as labels and words."""
    match said:
        case {"was": dict(was), "would": dict(would), "windows": list(windows), **rest}:
            yield "", f"{'as it was':>12}{'replayed':>12}"
            for label, name in _SIDES:
                yield label, f"{was[name]!s:>12}{would[name]!s:>12}"
            yield "list price", f"{_dollars(was):>12}{_dollars(would):>12}"
            for window in windows:
                yield from _window(window)
            yield "", ""
            yield "replayed", f"{rest['requests']} requests as {rest['mode']}"
            yield "with all facts", f"{rest['with_facts']}"
            if rest["left_out"]:
                yield "left out", f"{rest['left_out']} that nobody answered"
            if rest["unpriced"]:
                yield "without a price", ", ".join(map(str, _each(rest["unpriced"])))
        case _:
            return


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _dollars(side: Mapping[str, JSON]) -> str:
    cost = side["cloud_cost_usd"]
    return f"${cost:.2f}" if isinstance(cost, float | int) else ""


def _window(window: JSON) -> Iterator[tuple[str, str]]:
    match window:
        case {
            "name": str(name),
            "resets_at": (float() | int()) as resets_at,
            "used_was": (float() | int()) as was,
            "used_would": (float() | int()) as would,
        }:
            until = datetime.fromtimestamp(resets_at).astimezone()
            yield f"{name} to {until:%d %b %H:%M}", f"{_share(was):>12}{_share(would):>12}"
        case _:
            return


def _share(used: float) -> str:
    return "all" if used >= _FULL else f"{used:.0%}"
