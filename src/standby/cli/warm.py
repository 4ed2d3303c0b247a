"""``standby warm``: have the local engine read the live conversations before it is needed."""

import json
import threading

import click

from standby.cli import gateway, terminal
from standby.core.wire.json import JSON

__all__ = ["command"]

_LOOK_S = 0.5


@click.command(
    "warm",
    epilog=terminal.examples("standby warm", "standby warm --no-wait", "standby warm --json"),
)
@click.option("--no-wait", is_flag=True, help="Print the state now; do not wait until it is warm.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(no_wait: bool, as_json: bool) -> None:
    """Warm up the stand-in, so that a switch costs no wait.

    Starts the engine that would take over and has it read the live conversations in the background,
    for half an hour, whatever the quota, the battery and the load. It makes way at once for any
    real request, and sends nothing to the cloud. Ctrl-C only ends the waiting. The exit code is 1
    when warming makes no progress, and 3 when no gateway runs.
    """
    found = gateway.genuine(gateway.at_home())
    said = gateway.warm(found)
    last = ""
    while not no_wait and not gateway.read_warming(said).settled:
        words = _words(gateway.read_warming(said))
        if words != last:
            terminal.say(words)
            last = words
        threading.Event().wait(_LOOK_S)
        said = gateway.warmth(found)
    _tell(said, as_json=as_json)


def _tell(said: dict[str, JSON], *, as_json: bool) -> None:
    warming = gateway.read_warming(said)
    if as_json:
        terminal.data(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        terminal.grid(gateway.warming_rows(warming))
    if warming.problem:
        raise gateway.GatewayError(
            f"the local side does not get warm: {warming.problem}",
            "`standby status` shows which model would take over; `standby doctor` looks further.",
        )


def _words(warming: gateway.Warming) -> str:
    if not warming.model:
        return "the engine is being started"
    busy = next((each for each in warming.conversations if each.state == "warming"), None)
    return f"{warming.model} reads" + (f", {busy.percent} %" if busy else "")
