"""``standby up``: the gateway in the background."""

import os

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command("up", epilog=terminal.examples("standby up", "standby up --port 9000"))
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen on this port; 0 picks a free one."
)
def command(port: int | None) -> None:
    """Start the gateway in the background.

    Prints its URL when it is ready. One that already runs is left as it is.
    """
    from standby.adapters.host.config_file import read_config

    where = gateway.at_home()
    if isinstance(gateway.find(where), gateway.Absent):
        # A fault in the settings is better told here than by the log.
        read_config(where.config_file, gateway.overridden(os.environ, port=port))
        options = () if port is None else ("--port", str(port))
        found = gateway.start(where, os.environ, options)
        terminal.say(f"the gateway is ready (pid {found.running.pid})")
    else:
        found = gateway.genuine(where)
        terminal.say(f"a gateway runs already (pid {found.running.pid})")
        if port not in (None, 0, found.running.port):
            terminal.say(f"it stays on its port; `standby restart --port {port}` moves it")
    terminal.data(found.running.url)
