"""``standby run``: any client, with the gateway behind it."""

import os

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True},
    epilog=terminal.examples(
        "standby run -- python my_agent.py",
        "standby run -- claude --continue",
        "standby run -- bash          a shell in which every client has the gateway",
    ),
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENTS]...")
def command(words: tuple[str, ...]) -> None:
    """Run a command through the gateway.

    Starts the gateway if none runs, and again if it dies meanwhile. The command finds the gateway
    by ANTHROPIC_BASE_URL and identifies itself by ANTHROPIC_CUSTOM_HEADERS. The exit code is the
    command's own.
    """
    if not words:
        raise click.UsageError("a command is missing", click.get_current_context())
    raise click.exceptions.Exit(
        gateway.launch(gateway.at_home(), words, os.environ, say=terminal.say)
    )
