"""``standby models``: which local models there are, which suit this machine, and how to get one."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from standby.adapters.host.model_files import ModelFiles
from standby.cli import gateway, terminal
from standby.cli.terminal import Row, Tone
from standby.core.models.fit import Fit, Hardware, Place, gigabytes
from standby.core.models.recommend import Choice, best, choices, cost_in_words
from standby.core.models.revisions import Installed

if TYPE_CHECKING:
    from standby.adapters.host.hub import Offer
    from standby.app.models import Intake, Models, Plan, Progress, Wanted
    from standby.core.models.catalogue import Catalogue

__all__ = ["command"]

T = TypeVar("T")

_BY_TENTHS: Final = 10
_TENTHS_ON_CARDS: Final = frozenset({Place.CARD, Place.SPLIT})


@click.group(
    "models",
    invoke_without_command=True,
    epilog=terminal.examples(
        "standby models                     what is here, what fits, what is recommended",
        "standby models pull qwen3.6-35b-a3b",
        "standby models pull OWNER/REPO/FILE.gguf",
        "standby models add ~/Downloads/coder.gguf",
        "standby models use ollama/qwen3-coder:30b",
        "standby models update && standby models verify",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Say which local models are here, and which would suit.

    Lists what every engine of this machine has, what of the catalogue would fit, and what is
    recommended, with the reason. How fast a model would be is an estimate.
    """
    if context.invoked_subcommand is None:
        _show(as_json=as_json)


# -- what there is ------------------------------------------------------------------------------


def _show(*, as_json: bool) -> None:
    from standby.adapters.host.catalogue_file import shipped_catalogue
    from standby.adapters.host.hardware import read_hardware

    where = gateway.at_home()
    files = ModelFiles(where.models)
    engines = _engines()
    hardware, catalogue = read_hardware(where.models), shipped_catalogue()
    found = choices(catalogue, hardware)
    kept, chosen = files.installed(), files.chosen()
    if as_json:
        value = _json(engines, kept, chosen, hardware, catalogue, found)
        terminal.data(json.dumps(value, indent=2, ensure_ascii=False))
        return
    terminal.grid(_rows(engines, kept, chosen, hardware, catalogue, found))


def _engines() -> list[gateway.Model]:
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
            one.key, one.base_url, one.context_tokens, one.tools, one.vision, one.rehearsal
        )
        for one in asyncio.run(local_models(settings, where))
    ]


def _rows(
    engines: list[gateway.Model],
    kept: tuple[Installed, ...],
    chosen: str,
    hardware: Hardware,
    catalogue: "Catalogue",
    found: tuple[Choice, ...],
) -> Iterator[Row]:
    yield "machine", _machine(hardware), "plain"
    label = "engines"
    for model in engines:
        yield label, *_engine_words(model)
        label = ""
    if not engines:
        yield label, "no engine of this machine has a model", "poor"
    label = "kept"
    for one in kept:
        mark = "  ← chosen" if one.name == chosen else ""
        yield label, f"{_kept_words(one)}{mark}", "plain"
        label = ""
    if chosen and chosen not in {one.name for one in kept}:
        yield "chosen", chosen, "plain"
    label = f"catalogue {catalogue.dated}"
    for choice in found:
        yield label, _choice_words(choice), _choice_tone(choice)
        label = ""
    yield from _advice(best(found), kept)


def _machine(hardware: Hardware) -> str:
    parts = [
        f"{gigabytes(hardware.ram_bytes)} of memory ({gigabytes(hardware.ram_free_bytes)} free)",
        f"{hardware.cores} cores",
        *(
            f"{card.name} with {gigabytes(card.total_bytes)} ({gigabytes(card.free_bytes)} free)"
            for card in hardware.cards
        ),
        f"{gigabytes(hardware.disk_free_bytes)} of disk free",
    ]
    if hardware.unified:
        parts.append("graphics share the memory")
    if not hardware.cards and not hardware.unified:
        parts.append("no graphics card that a model could use was found")
    if hardware.on_battery:
        parts.append("on battery")
    return ", ".join(parts)


def _engine_words(model: gateway.Model) -> tuple[str, Tone]:
    window = "" if model.context_tokens is None else f", window {model.context_tokens:,} tokens"
    tools = {True: ", calls tools", False: ", tools in words only", None: ""}[model.tools]
    rehearsal = "; for rehearsals, not for work" if model.rehearsal else ""
    return f"{model.key}{window}{tools}{rehearsal}", "poor" if model.rehearsal else "plain"


def _kept_words(one: Installed) -> str:
    now = one.current
    parts = [
        one.name,
        f"{gigabytes(now.size_bytes)} {now.quantisation}".strip(),
        now.licence or "licence not named",
        f"from {now.origin}",
        f"SHA-256 {now.sha256[:12]}…",
    ]
    return ", ".join(parts) + ("; an earlier revision is kept" if one.previous else "")


def _choice_words(choice: Choice) -> str:
    entry = choice.entry
    facts = f"{entry.name}: {gigabytes(entry.size_bytes)} {entry.quantisation}, {entry.licence}"
    tools = f"tools {entry.tools}"
    if not choice.fits:
        return f"{facts}, {tools}; does not fit: it {choice.fit.why}"
    return f"{facts}, {tools}; {choice.fit.speed.value}: it {choice.fit.why}"


def _choice_tone(choice: Choice) -> Tone:
    return "plain" if choice.of_use else "dim"


def _advice(chosen: Choice | None, kept: tuple[Installed, ...]) -> Iterator[Row]:
    if chosen is None:
        yield (
            "advice",
            "nothing in the catalogue would work well here; a small model with"
            " `standby claude --bare` is the best there is",
            "poor",
        )
        return
    entry = chosen.entry
    have = any(one.name == entry.name for one in kept)
    yield (
        "advice",
        f"{entry.title} ({entry.note}), {chosen.fit.speed.value} here (estimate)",
        "good",
    )
    yield from (("", words, "plain") for words in _how(chosen.fit))
    if not have:
        yield "", f"`standby models pull {entry.name}` costs {cost_in_words(entry)}", "plain"


def _how(fit: Fit) -> Iterator[str]:
    if fit.place in _TENTHS_ON_CARDS:
        yield (
            "the engine that comes with standby uses the processor only; llama-server on PATH,"
            " LM Studio or Ollama use the card"
        )
    if fit.place is Place.RAM:
        yield (
            "without a graphics card a long prompt takes minutes: `standby claude --bare` keeps it"
            " short"
        )


def _json(
    engines: list[gateway.Model],
    kept: tuple[Installed, ...],
    chosen: str,
    hardware: Hardware,
    catalogue: "Catalogue",
    found: tuple[Choice, ...],
) -> dict[str, object]:
    recommended = best(found)
    return {
        "hardware": asdict(hardware),
        "engines": [asdict(model) for model in engines],
        "kept": [asdict(one) for one in kept],
        "chosen": chosen or None,
        "catalogue": {
            "dated": catalogue.dated,
            "models": [
                {
                    **asdict(choice.entry),
                    "fits": choice.fits,
                    "fit": {
                        **asdict(choice.fit),
                        "place": choice.fit.place.name.lower(),
                        "kv": choice.fit.kv.name.lower(),
                        "speed": choice.fit.speed.name.lower(),
                    },
                }
                for choice in found
            ],
        },
        "recommended": None if recommended is None else recommended.entry.name,
    }


# -- what can be done ---------------------------------------------------------------------------


@command.command(
    epilog=terminal.examples(
        "standby models pull qwen3.6-35b-a3b",
        "standby models pull glm-4.7-flash --yes",
        "standby models pull unsloth/Qwen3.6-27B-GGUF/Qwen3.6-27B-Q5_K_M.gguf",
        "standby models pull gpt-oss-20b --with ollama",
    )
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask: the licence and the size are fine.")
@click.option("--as", "as_name", default="", help="Keep it under this name.")
@click.option(
    "--with",
    "engine",
    type=click.Choice(["standby", "ollama"]),
    default="standby",
    show_default=True,
    help="Who fetches and keeps it.",
)
def pull(name: str, yes: bool, as_name: str, engine: str) -> None:
    """Fetch a model of the catalogue, or any GGUF file of the hub.

    Shows size, licence and origin, and asks before it begins. An interrupted fetch is gone on with.
    The file is checked by its SHA-256 and its header before any engine sees it. HF_ENDPOINT names
    another hub.
    """
    wanted = _wanted(name, as_name)
    if engine == "ollama":
        _pull_with_ollama(wanted)
        return
    _pull(wanted, yes=yes)


@command.command(epilog=terminal.examples("standby models add ~/Downloads/coder.gguf"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="What to call it; the file's name otherwise.")
@click.option("--sha256", default="", help="Refuse the file unless this is its hash.")
def add(file: Path, name: str, sha256: str) -> None:
    """Take in a model file that you have.

    On the same disk it takes no further room.
    """
    called = name or file.name.removesuffix(".gguf").lower()
    _told_intake(_run(lambda models: models.add(file.expanduser(), called, sha256=sha256.lower())))


@command.command(
    epilog=terminal.examples(
        "standby models use qwen3.6-35b-a3b",
        "standby models use ollama/qwen3-coder:30b",
        "standby models use auto",
    )
)
@click.argument("name")
def use(name: str) -> None:
    """Choose the model that takes over.

    `auto` leaves the choice to standby. It is kept beside the models, not in your settings; a
    setting outweighs it.
    """
    files = _files()
    if name == "auto":
        files.choose("")
        terminal.say("the choice is standby's again")
    elif files.named(name) is None and not any(model.key == name for model in _engines()):
        keys = [*(one.name for one in files.installed()), *(model.key for model in _engines())]
        raise terminal.Problem(
            f"there is no model {name!r}",
            f"There is: {', '.join(dict.fromkeys(keys)) or 'none'}. `standby models pull` fetches"
            " one.",
        )
    else:
        files.choose(name)
        terminal.say(f"{name} takes over from now on")
    _hint_outweighed()
    _hint_restart()


@command.command(epilog=terminal.examples("standby models rm glm-4.7-flash"))
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(name: str, yes: bool) -> None:
    """Remove a model that standby keeps, with its earlier revision."""
    files = _files()
    found = files.named(name)
    if found is not None and not yes:
        _confirm(f"remove {_kept_words(found)}?")
    removed = files.remove(name)
    sizes = [one.size_bytes for one in (removed.current, removed.previous) if one]
    terminal.say(f"{name} is gone, and {gigabytes(sum(sizes))} are free again")


@command.command(epilog=terminal.examples("standby models verify", "standby models verify coder"))
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Check that the files of models are what was taken in.

    The exit code is 1 when one has changed.
    """
    failed = False
    for one in _those(names):
        fault = _run(partial(_verified, one))
        failed = failed or bool(fault)
        terminal.data(f"{one.name}: {fault or 'in order'}")
    raise click.exceptions.Exit(int(failed))


@command.command(epilog=terminal.examples("standby models update", "standby models update coder"))
@click.argument("names", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
def update(names: tuple[str, ...], yes: bool) -> None:
    """Fetch the newest revision of models that came from the hub.

    The new file takes the place of the old one only after all checks; `rollback` goes back.
    """
    for one in _those(names):
        wanted = _newest(one)
        if wanted is None:
            terminal.say(f"{one.name} came from a file: add the new one under the same name")
            continue
        _pull(wanted, yes=yes)


@command.command(epilog=terminal.examples("standby models rollback qwen3.6-35b-a3b"))
@click.argument("name")
def rollback(name: str) -> None:
    """Go back to the revision before."""
    now = _files().rollback(name)
    terminal.say(f"{name} is that from {now.current.origin} again ({now.current.sha256[:12]}…)")
    _hint_restart()


# -- how ----------------------------------------------------------------------------------------


def _files() -> ModelFiles:
    where = gateway.at_home()
    where.make()
    return ModelFiles(where.models)


def _those(names: tuple[str, ...]) -> list[Installed]:
    """Return the models that were named, or all."""
    files = _files()
    kept = {one.name: one for one in files.installed()}
    if missing := [name for name in names if name not in kept]:
        raise terminal.Problem(
            f"no model {missing[0]!r} is kept here", f"There is: {', '.join(kept) or 'none'}."
        )
    if not kept:
        terminal.say("no model is kept here; `standby models pull` and `add` bring one")
    return [kept[name] for name in names] if names else list(kept.values())


def _wanted(name: str, as_name: str) -> "Wanted":
    """Return what a name stands for: the catalogue's, or a file of the hub."""
    from standby.adapters.host.catalogue_file import shipped_catalogue
    from standby.app.models import Wanted
    from standby.core.models.catalogue import is_safe_name, source_of
    from standby.core.settings import nearest

    catalogue = shipped_catalogue()
    entry, source = catalogue.named(name), source_of(name)
    if as_name and not is_safe_name(as_name):
        raise terminal.Problem(f"{as_name!r} is no name for a model", "", terminal.USAGE)
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
    from standby.adapters.host.catalogue_file import shipped_catalogue
    from standby.app.models import Wanted
    from standby.core.models.catalogue import Source, source_of

    entry, source = shipped_catalogue().named(one.name), source_of(one.current.origin)
    if entry is not None and entry.sha256 not in {None, one.current.sha256}:
        return Wanted(one.name, entry.source, entry)
    if source is None:
        return None
    return Wanted(one.name, Source(source.repo, source.file), entry)


def _run(work: "Callable[[Models], Coroutine[None, None, T]]") -> T:
    """Do something with the models, and show how far it is."""
    from standby.adapters.host.clock import SystemClock
    from standby.app.models import Models

    with _progress() as told:
        return asyncio.run(work(Models(_files(), SystemClock(), told)))


async def _verified(model: Installed, models: "Models") -> str:
    return await models.verify(model)


def _pull(wanted: "Wanted", *, yes: bool) -> None:
    """Look, ask, fetch: each by itself, so that Ctrl-C is heard while a question stands."""
    from standby.adapters.host.hub import Hub
    from standby.app.models import Intake

    hub = Hub(os.environ)
    plan = _run(lambda models: models.plan(hub, wanted))
    if isinstance(plan, Intake):
        _told_intake(plan)
        return
    for label, words in _plan_words(plan):
        click.echo(f"  {label:<9} {terminal.printable(words)}", err=True)
    if not yes:
        _confirm("fetch it under these terms?")
    _told_intake(_run(lambda models: models.pull(hub, plan)))


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


def _confirm(question: str) -> None:
    """Ask; raise :class:`terminal.Problem` where nobody can answer, and end when it is no."""
    if not sys.stdin.isatty():
        raise terminal.Problem("nobody is there to ask", "`--yes` agrees without a question.")
    if not click.confirm(f"standby: {terminal.printable(question)}", default=True, err=True):
        raise click.Abort


def _told_intake(intake: "Intake") -> None:
    if intake.already:
        terminal.say(f"{intake.name} is there already, and it is the newest")
        return
    for remark in intake.remarks:
        terminal.say(f"note: {remark}")
    terminal.say(f"{_kept_words(intake.installed)}: checked, and kept")
    _hint_restart()


def _hint_restart() -> None:
    match gateway.find(gateway.at_home()):
        case gateway.Genuine():
            terminal.say("`standby restart` has the running gateway use it")
        case _:
            pass


def _hint_outweighed() -> None:
    from standby.adapters.host.config_file import read_config

    local = read_config(gateway.at_home().config_file, os.environ).settings.local
    for name, value in (("model", local.model), ("model_path", local.model_path)):
        if value:
            terminal.say(f"note: the setting `local.{name}` ({value!r}) outweighs this choice")


def _pull_with_ollama(wanted: "Wanted") -> None:
    from standby.wiring.probing import pull_with_ollama

    tag = wanted.entry.ollama if wanted.entry else ""
    if not tag:
        raise terminal.Problem(
            f"what Ollama calls {wanted.name} is not known here",
            "`ollama pull` takes Ollama's own names.",
        )
    with _progress() as told:
        asyncio.run(pull_with_ollama(tag, told))
    terminal.say(f"Ollama has {tag}; `standby models use ollama/{tag}` chooses it")


class _progress:  # noqa: N801  # a context manager that reads like a verb
    """Shows how far it is: a bar on a terminal, a line for each tenth elsewhere."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._drawn = False
        self._terminal = terminal.is_terminal(sys.stderr)

    def __enter__(self) -> "Callable[[Progress], None]":
        return self._told

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            click.echo("", err=True)

    def _told(self, at: "Progress") -> None:
        part = at.done / at.whole if at.whole else 1.0
        steps = 1000 if self._terminal else _BY_TENTHS
        now = (at.step, int(part * steps))
        if now == self._last:
            return
        self._last = now
        words = f"{at.step:<9} {terminal.bar(part)}  {gigabytes(at.done)} of {gigabytes(at.whole)}"
        if self._terminal:
            click.echo(f"\r\x1b[K{words}", nl=False, err=True)
            self._drawn = True
        else:
            click.echo(words, err=True)
