"""``standby completion``: let a shell complete our commands."""

import click

from standby.cli import terminal

__all__ = ["command"]


@click.command(
    "completion",
    epilog=terminal.examples(
        "standby completion bash >> ~/.bashrc",
        "standby completion zsh >> ~/.zshrc",
        "standby completion fish > ~/.config/fish/completions/standby.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that completes these commands in your shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if found is None:
        raise terminal.Problem(f"{shell} cannot be set up for completion")
    terminal.data(found(root, {}, "standby", "_STANDBY_COMPLETE").source())
