"""``standby models pull``, ``add`` and ``update``: what brings a file onto the shelf."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from standby.cli import terminal
from standby.cli.models.progress import progress
from standby.cli.models.shelf import confirm, run, those, told_intake
from standby.core.models.fit import gigabytes
from standby.core.models.revisions import Installed

if TYPE_CHECKING:
    from standby.adapters.host.models.hub import Offer
    from standby.app.models import Plan, Wanted

__all__ = ["add", "pull", "update"]


@click.command(
    epilog=terminal.examples(
        "standby models pull qwen3.6-35b-a3b",
        "standby models pull glm-4.7-flash --yes",
        "standby models pull unsloth/Qwen3.6-27B-GGUF/Qwen3.6-27B-Q5_K_M.gguf",
        "standby models pull gpt-oss-20b --with ollama",
    )
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask about the licence and the size.")
@click.option("--as", "as_name", default="", help="Keep it under this name.")
@click.option(
    "--with",
    "engine",
    type=click.Choice(["standby", "ollama"]),
    default="standby",
    show_default=True,
    help="Who downloads and keeps it.",
)
def pull(name: str, yes: bool, as_name: str, engine: str) -> None:
    """Fetch a model from the catalogue, or any GGUF file from the hub.

    Shows size, licence and origin, and asks before it begins. Run it again to resume an interrupted
    download. The file's SHA-256 and header are checked before any engine sees it. HF_ENDPOINT names
    another hub.
    """
    wanted = _wanted(name, as_name)
    if engine == "ollama":
        _pull_with_ollama(wanted)
        return
    _pull(wanted, yes=yes)


@click.command(epilog=terminal.examples("standby models add ~/Downloads/coder.gguf"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="What to call it; by default the file's name.")
@click.option("--sha256", default="", help="Refuse the file unless this is its hash.")
def add(file: Path, name: str, sha256: str) -> None:
    """Add a model file that you already have.

    On the same disk it takes no extra space.
    """
    called = name or file.name.removesuffix(".gguf").lower()
    told_intake(run(lambda models: models.add(file.expanduser(), called, sha256=sha256.lower())))


@click.command(epilog=terminal.examples("standby models update", "standby models update coder"))
@click.argument("names", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
def update(names: tuple[str, ...], yes: bool) -> None:
    """Fetch the newest revision of models that came from the hub.

    The new file replaces the old one only after all checks; `rollback` goes back.
    """
    for one in those(names):
        wanted = _newest(one)
        if wanted is None:
            terminal.say(f"{one.name} came from a file: add the new one under the same name")
            continue
        _pull(wanted, yes=yes)


def _wanted(name: str, as_name: str) -> "Wanted":
    """Return what a name stands for: the catalogue's, or a file of the hub."""
    from standby.adapters.host.models.catalogue_file import shipped_catalogue
    from standby.app.models import Wanted
    from standby.core.models.catalogue import is_safe_name, source_of
    from standby.core.settings import nearest

    catalogue = shipped_catalogue()
    entry, source = catalogue.named(name), source_of(name)
    if as_name and not is_safe_name(as_name):
        raise terminal.Problem(f"{as_name!r} is not a name for a model", "", terminal.USAGE)
    if entry is not None:
        return Wanted(as_name or entry.name, entry.source, entry)
    if source is not None:
        return Wanted(as_name or source.file.removesuffix(".gguf").lower(), source)
    names = [one.name for one in catalogue.entries]
    near = nearest(name, names)
    hint = f"Did you mean {near!r}? " if near else ""
    raise terminal.Problem(
        f"{name!r} is neither in the catalogue nor OWNER/REPO/FILE.gguf",
        f"{hint}The catalogue has: {', '.join(names)}.",
    )


def _newest(one: Installed) -> "Wanted | None":
    """Return where the newest revision is; ``None``: it did not come from the hub.

    The catalogue goes before the hub, where it names another file than the one that is here.
    """
    from standby.adapters.host.models.catalogue_file import shipped_catalogue
    from standby.app.models import Wanted
    from standby.core.models.catalogue import Source, source_of

    entry, source = shipped_catalogue().named(one.name), source_of(one.current.origin)
    if entry is not None and entry.sha256 not in {None, one.current.sha256}:
        return Wanted(one.name, entry.source, entry)
    if source is None:
        return None
    return Wanted(one.name, Source(source.repo, source.file), entry)


def _pull(wanted: "Wanted", *, yes: bool) -> None:
    """Look, ask, fetch: each by itself, so that Ctrl-C is heard while a question stands."""
    from standby.adapters.host.models.hub import Hub
    from standby.app.models import Intake

    hub = Hub(os.environ)
    plan = run(lambda models: models.plan(hub, wanted))
    if isinstance(plan, Intake):
        told_intake(plan)
        return
    for label, words in _plan_words(plan):
        click.echo(f"  {label:<9} {terminal.printable(words)}", err=True)
    if not yes:
        confirm("fetch it under these terms?")
    told_intake(run(lambda models: models.pull(hub, plan)))


def _plan_words(plan: "Plan[Offer]") -> Iterator[tuple[str, str]]:
    yield "model", f"{plan.name}, from {plan.origin}"
    yield "by", plan.host
    there = f", {gigabytes(plan.there_bytes)} are there already" if plan.there_bytes else ""
    yield "size", f"{gigabytes(plan.size_bytes)}{there}; {gigabytes(plan.free_bytes)} free"
    yield "licence", plan.licence or "not named: look at its page on the hub"
    whose = "the catalogue's" if plan.pinned else "the hub's own word, recorded from now on"
    yield "SHA-256", f"{plan.sha256} ({whose})"
    if plan.replaces:
        yield "replaces", plan.replaces


def _pull_with_ollama(wanted: "Wanted") -> None:
    from standby.wiring.probing import pull_with_ollama

    tag = wanted.entry.ollama if wanted.entry else ""
    if not tag:
        raise terminal.Problem(
            f"what Ollama calls {wanted.name} is not known here",
            "`ollama pull` takes Ollama's own names.",
        )
    with progress() as told:
        asyncio.run(pull_with_ollama(tag, told))
    terminal.say(f"Ollama has {tag}; `standby models use ollama/{tag}` chooses it")
