"""``standby models use``, ``rm``, ``verify`` and ``rollback``: what becomes of the models here."""

from functools import partial
from typing import TYPE_CHECKING

import click

from standby.cli import terminal
from standby.cli.models.shelf import (
    confirm,
    engines,
    files,
    hint_outweighed,
    hint_restart,
    kept_words,
    run,
    those,
)
from standby.core.models.fit import gigabytes
from standby.core.models.revisions import Installed

if TYPE_CHECKING:
    from standby.app.models import Models

__all__ = ["rm", "rollback", "use", "verify"]


@click.command(
    epilog=terminal.examples(
        "standby models use qwen3.6-35b-a3b",
        "standby models use ollama/qwen3-coder:30b",
        "standby models use auto",
    )
)
@click.argument("name")
def use(name: str) -> None:
    """Choose the model that takes over.

    `auto` leaves the choice to standby. The choice is kept with the models, not in your settings; a
    setting takes precedence over it.
    """
    shelf = files()
    if name == "auto":
        shelf.choose("")
        terminal.say("the choice is up to standby again")
    elif shelf.named(name) is None and not any(model.key == name for model in engines()):
        keys = [*(one.name for one in shelf.installed()), *(model.key for model in engines())]
        raise terminal.Problem(
            f"there is no model {name!r}",
            f"There is: {', '.join(dict.fromkeys(keys)) or 'none'}. `standby models pull` fetches"
            " one.",
        )
    else:
        shelf.choose(name)
        terminal.say(f"{name} takes over from now on")
    hint_outweighed()
    hint_restart()


@click.command(epilog=terminal.examples("standby models rm glm-4.7-flash"))
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(name: str, yes: bool) -> None:
    """Remove a model that standby keeps, and its earlier revision."""
    shelf = files()
    found = shelf.named(name)
    if found is not None and not yes:
        confirm(f"remove {kept_words(found)}?")
    removed = shelf.remove(name)
    sizes = [one.size_bytes for one in (removed.current, removed.previous) if one]
    terminal.say(f"{name} is gone, and {gigabytes(sum(sizes))} are free again")


@click.command(epilog=terminal.examples("standby models verify", "standby models verify coder"))
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Check that model files have not changed since they were added.

    The exit code is 1 when one has changed.
    """
    failed = False
    for one in those(names):
        fault = run(partial(_verified, one))
        failed = failed or bool(fault)
        terminal.data(f"{one.name}: {fault or 'in order'}")
    raise click.exceptions.Exit(int(failed))


@click.command(epilog=terminal.examples("standby models rollback qwen3.6-35b-a3b"))
@click.argument("name")
def rollback(name: str) -> None:
    """Go back to the previous revision."""
    now = files().rollback(name)
    terminal.say(f"{name} is that from {now.current.origin} again ({now.current.sha256[:12]}…)")
    hint_restart()


async def _verified(model: Installed, models: "Models") -> str:
    return await models.verify(model)
