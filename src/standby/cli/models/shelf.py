"""What all commands on models share: the shelf, its models in words, what to do after a change."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, TypeVar

import click

from standby.adapters.host.models.files import ModelFiles
from standby.cli import gateway, terminal
from standby.cli.models.progress import progress
from standby.core.models.fit import gigabytes
from standby.core.models.revisions import Installed

if TYPE_CHECKING:
    from standby.app.models import Intake, Models

__all__ = [
    "confirm",
    "engines",
    "files",
    "hint_outweighed",
    "hint_restart",
    "kept_words",
    "run",
    "those",
    "told_intake",
]

T = TypeVar("T")


def files() -> ModelFiles:
    """Return the shelf, whose folder is made where it is not there yet."""
    where = gateway.at_home()
    where.make()
    return ModelFiles(where.models)


def those(names: tuple[str, ...]) -> list[Installed]:
    """Return the models that were named, or all."""
    kept = {one.name: one for one in files().installed()}
    if missing := [name for name in names if name not in kept]:
        raise terminal.Problem(
            f"no model {missing[0]!r} is kept here", f"There is: {', '.join(kept) or 'none'}."
        )
    if not kept:
        terminal.say("there is no model here yet; `standby models pull` or `add` gets one")
    return [kept[name] for name in names] if names else list(kept.values())


def engines() -> list[gateway.Model]:
    """Return what the engines have: the running gateway knows, or they are asked here."""
    where = gateway.at_home()
    match gateway.find(where):
        case gateway.Genuine() as found:
            return list(gateway.read_status(gateway.status(found)).models)
        case _:
            pass
    from standby.adapters.host.config_file import read_config
    from standby.wiring.probing import local_models

    settings = read_config(where.config_file, os.environ).settings
    return [
        gateway.Model(
            one.key,
            one.base_url,
            one.context_tokens,
            one.tools,
            one.vision,
            one.rehearsal,
            one.settings,
            one.tuned,
            one.remark,
        )
        for one in asyncio.run(local_models(settings, where))
    ]


def run(work: "Callable[[Models], Coroutine[None, None, T]]") -> T:
    """Do something with the models, and show how far it is."""
    from standby.adapters.host.clock import SystemClock
    from standby.app.models import Models

    with progress() as told:
        return asyncio.run(work(Models(files(), SystemClock(), told)))


def kept_words(one: Installed) -> str:
    """Return what is known of a model on the shelf."""
    now = one.current
    parts = [
        one.name,
        f"{gigabytes(now.size_bytes)} {now.quantisation}".strip(),
        now.licence or "licence not named",
        f"from {now.origin}",
        f"SHA-256 {now.sha256[:12]}…",
    ]
    return ", ".join(parts) + ("; an earlier revision is kept" if one.previous else "")


def told_intake(intake: "Intake") -> None:
    """Tell what came of a fetch."""
    if intake.already:
        terminal.say(f"{intake.name} is already here, in its newest revision")
        return
    for remark in intake.remarks:
        terminal.say(f"note: {remark}")
    terminal.say(f"{kept_words(intake.installed)}: checked, and kept")
    hint_restart()


def confirm(question: str) -> None:
    """Ask; raise :class:`terminal.Problem` where nobody can answer, and end when it is no."""
    if not sys.stdin.isatty():
        raise terminal.Problem("there is no terminal to ask on", "`--yes` agrees without asking.")
    if not click.confirm(f"standby: {terminal.printable(question)}", default=True, err=True):
        raise click.Abort


def hint_restart() -> None:
    """Say how a gateway that runs learns of the change."""
    match gateway.find(gateway.at_home()):
        case gateway.Genuine():
            terminal.say("`standby restart` makes the running gateway use it")
        case _:
            pass


def hint_outweighed() -> None:
    """Say which settings go before the choice."""
    from standby.adapters.host.config_file import read_config

    local = read_config(gateway.at_home().config_file, os.environ).settings.local
    for name, value in (("model", local.model), ("model_path", local.model_path)):
        if value:
            terminal.say(f"note: the setting `local.{name}` ({value!r}) outweighs this choice")
