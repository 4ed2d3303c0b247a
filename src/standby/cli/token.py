"""``standby token``: the gateway's own token."""  # imports are absolute

import os

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.group(
    "token",
    invoke_without_command=True,
    epilog=terminal.examples("standby token", "standby token rotate"),
)
@click.pass_context
def command(context: click.Context) -> None:
    """Show or replace the gateway's token.

    `standby claude` and `standby run` hand it to the client; other programs send it in the header
    x-standby-token, or as ANTHROPIC_AUTH_TOKEN. It is of no use outside this machine.
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@command.command(epilog=terminal.examples("standby token show"))
def show() -> None:
    """Print the token; create it if there is none."""
    from standby.adapters.host import secrets

    where = gateway.at_home()
    where.make()
    terminal.data(secrets.token(where.token_file).reveal())


@command.command(epilog=terminal.examples("standby token rotate"))
def rotate() -> None:
    """Replace the token, and restart the gateway with it.

    Running clients know only the old one: restart them too.
    """
    from standby.adapters.host import secrets
    from standby.adapters.host.processes import running

    where = gateway.at_home()
    where.make()
    before = running(where.state)
    # Where a new one cannot be written, the gateway goes on with the old one.
    with secrets.rotation(where.token_file) as rotate_token:
        if before is not None:
            gateway.check_room(where)
            gateway.halt(where, before, grace_s=25.0)
        rotate_token()
    terminal.say("there is a new token; restart running clients")
    if before is not None:
        found = gateway.start(where, os.environ, ("--port", str(before.port)))
        terminal.say(f"the gateway runs with it (pid {found.running.pid}, {found.running.url})")
