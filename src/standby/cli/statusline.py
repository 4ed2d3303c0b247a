"""``standby statusline``: one line for the foot of Claude Code.

The client calls it with nothing behind it; then :mod:`standby.__main__` goes past this file, which
takes longer to import than the line takes to print.
"""

import json
import os
import shlex
import shutil
import sys

import click

from standby.cli import terminal

__all__ = ["command"]


@click.command(
    "statusline",
    epilog=terminal.examples(
        "standby statusline --install              show what would be written, and where",
        "standby statusline --install --write      write it",
        "standby statusline --uninstall            take it out again",
        "echo '{}' | standby statusline",
    ),
)
@click.option("--install", is_flag=True, help="Show the Claude Code setting that calls it.")
@click.option(
    "--write", is_flag=True, help="With --install, write it into your Claude Code settings."
)
@click.option("--uninstall", is_flag=True, help="Remove it from your Claude Code settings.")
def command(install: bool, write: bool, uninstall: bool) -> None:
    """Print one line: who answers, until when, what is left.

    Reads Claude Code's JSON on stdin. `standby claude` sets the line up for its own run, unless you
    have your own; --install --write sets it up for every run. Nothing else in the file is changed,
    and a status line of your own is never replaced.
    """
    if write and not install:
        raise click.UsageError("--write goes with --install", click.get_current_context())
    if install and uninstall:
        raise click.UsageError("--install or --uninstall, not both", click.get_current_context())
    if install or uninstall:
        _settings(write=write, out=uninstall)
    else:
        from standby.cli.lean import statusline

        said = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
        terminal.data(statusline.line(said, os.environ))


def _settings(*, write: bool, out: bool) -> None:
    from standby.adapters.host import client_status_line as lines

    path = lines.own_settings(os.environ)
    try:
        if out:
            gone = lines.taken_out(path)
            terminal.say(
                f"{'taken out of' if gone else 'there was no status line of ours in'} {path}"
            )
        elif write:
            terminal.say(f"{lines.put(path, _called())}: {path}")
        else:
            setting = {lines.NAME: lines.value(_called())}
            terminal.data(json.dumps(setting, indent=2))
            terminal.say(f"this belongs in {path}; `--install --write` puts it there")
    except lines.StatusLineError as error:
        raise terminal.Problem(str(error), error.hint) from None


def _called() -> str:
    """Return the command by which a shell of the client finds us."""
    if shutil.which("standby"):
        return "standby statusline"
    return f"{shlex.quote(sys.executable)} -P -m standby statusline"
