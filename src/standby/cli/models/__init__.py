"""``standby models``: which local models there are, which suit this machine, and how to get one."""

from typing import Final

import click

from standby.cli import terminal
from standby.cli.models.fetching import add, pull, update
from standby.cli.models.keeping import rm, rollback, use, verify
from standby.cli.models.loading import load, unload
from standby.cli.models.showing import show

__all__ = ["command"]


@click.group(
    "models",
    invoke_without_command=True,
    epilog=terminal.examples(
        "standby models                     what is here, what fits, what is recommended",
        "standby models pull qwen3.6-35b-a3b",
        "standby models pull OWNER/REPO/FILE.gguf",
        "standby models add ~/Downloads/coder.gguf",
        "standby models use ollama/qwen3-coder:30b",
        "standby models load ollama/qwen3-coder:30b",
        "standby models update && standby models verify",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the local models, and those that suit this machine.

    Lists the models of every engine on this machine, which models of the catalogue would fit, and
    which is recommended, with the reason. How fast a model would be is an estimate.
    """
    if context.invoked_subcommand is None:
        show(as_json=as_json)


_COMMANDS: Final = (pull, add, use, load, unload, rm, verify, update, rollback)
for _each in _COMMANDS:
    command.add_command(_each)
