"""``standby down``: stop the gateway."""

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command("down", epilog=terminal.examples("standby down", "standby down --wait 60"))
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 3600),
    default=25.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running answers may take to finish.",
)
def command(wait_s: float) -> None:
    """Stop the gateway, wherever it was started.

    It is fine if none runs.
    """
    from standby.adapters.host.processes import running

    where = gateway.at_home()
    found = running(where.state)
    if found is None:
        terminal.say("no gateway was running")
    elif gateway.halt(where, found, grace_s=wait_s) == "killed":
        terminal.say(
            f"the gateway (pid {found.pid}) did not end within {wait_s:g} s and was killed"
        )
    else:
        terminal.say(f"the gateway (pid {found.pid}) has ended")
