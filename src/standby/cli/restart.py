"""``standby restart``: stop the gateway and start it anew."""

import os

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command(
    "restart", epilog=terminal.examples("standby restart", "standby restart --port 9000")
)
@click.option("--port", type=click.IntRange(0, 65535), help="Move to this port.")
def command(port: int | None) -> None:
    """Stop the gateway and start it again.

    The settings are read again. The gateway keeps its port, so that running clients find it again;
    --port moves it. If none runs, one is started.
    """
    from standby.adapters.host.config_file import read_config
    from standby.adapters.host.processes import running

    where = gateway.at_home()
    # Before anything is stopped: with faulty settings no other would start.
    settings = read_config(where.config_file, gateway.overridden(os.environ, port=port)).settings
    before = running(where.state)
    if before is not None:
        gateway.check_room(where)
        gateway.halt(where, before, grace_s=25.0)
    chosen = port if port is not None else before.port if before else None
    options = () if chosen is None else ("--port", str(chosen))
    found = gateway.start(where, os.environ, options)
    terminal.say(f"the gateway is ready (pid {found.running.pid})")
    if port is None and settings.gateway.port not in (0, found.running.port):
        terminal.say(
            f"it stayed on its port; `standby restart --port {settings.gateway.port}` moves it to"
            " that of the settings"
        )
    terminal.data(found.running.url)
