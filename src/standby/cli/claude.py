"""``standby claude``: Claude Code, with the gateway behind it."""

import os
import sys
from typing import Final

import click

from standby.cli import gateway, terminal

__all__ = ["command"]


_PRINTS: Final = frozenset({"-p", "--print"})
_AUTO_MODE: Final = (
    "While the cloud is out, auto mode's safety check is not answered: a local model must not vouch"
    " for actions. Claude Code then asks you, or take another permission mode."
)


@click.command(
    "claude",
    context_settings={"ignore_unknown_options": True},
    epilog=terminal.examples(
        "standby claude",
        "standby claude --continue",
        'standby claude -p "what does this project do?"',
        "standby claude --model local",
        "standby claude -- --help     the help of Claude Code itself",
    ),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Start Claude Code through the gateway.

    Starts the gateway if none runs, and again if it dies meanwhile. Only the environment and the
    arguments of this one process are set; no file of Claude Code is changed. All arguments are
    passed to Claude Code, and the exit code is its own.

    In Claude Code, /standby shows and switches who answers. So does a status line, unless you have
    your own. The settings client.plugin and client.status_line turn them off.
    """
    if sys.stderr.isatty() and not _PRINTS.intersection(arguments):
        terminal.say(_AUTO_MODE)
    code = gateway.launch(
        gateway.at_home(),
        ("claude", *arguments),
        os.environ,
        say=terminal.say,
        missing_hint="Install it with `npm install -g @anthropic-ai/claude-code`, then run this"
        " again.",
        equips=True,
    )
    raise click.exceptions.Exit(code)
