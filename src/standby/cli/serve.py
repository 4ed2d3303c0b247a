"""``standby serve``: the gateway in the foreground."""

import os

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command(
    "serve",
    epilog=terminal.examples(
        "standby serve",
        "standby serve --port 9000",
        "standby serve --cloud-url https://gateway.example.com",
    ),
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen on this port; 0 picks a free one."
)
@click.option("--cloud-url", metavar="URL", help="Use this cloud instead of the configured one.")
def command(port: int | None, cloud_url: str | None) -> None:
    """Serve in this terminal until Ctrl-C.

    The first Ctrl-C lets running answers finish, the second one ends at once.
    """
    from standby.adapters.host.config_file import read_config

    where = gateway.at_home()
    environment = gateway.overridden(os.environ, port=port, cloud_url=cloud_url)
    configuration = read_config(where.config_file, environment)

    def ready(url: str) -> None:
        terminal.say(f"listening on {url}, in front of {configuration.settings.cloud.url}")
        terminal.say("start Claude Code with `standby claude`, another program with `standby run`")

    gateway.serve_in_front(configuration, where, ready=ready)
