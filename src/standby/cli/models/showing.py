"""``standby models``: what is here, what fits this machine, and what is recommended."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from standby.adapters.host.models.files import ModelFiles
from standby.cli import gateway, terminal
from standby.cli.models.shelf import engines as engines_here
from standby.cli.models.shelf import kept_words
from standby.cli.terminal import Row, Tone
from standby.core.models.fit import Fit, Hardware, Place, gigabytes
from standby.core.models.recommend import Choice, best, choices, cost_in_words
from standby.core.models.revisions import Installed

if TYPE_CHECKING:
    from standby.core.models.catalogue import Catalogue

__all__ = ["show"]

_TENTHS_ON_CARDS: Final = frozenset({Place.CARD, Place.SPLIT})


def show(*, as_json: bool) -> None:
    """Print what there is."""
    from standby.adapters.host.hardware import read_hardware
    from standby.adapters.host.models.catalogue_file import shipped_catalogue

    where = gateway.at_home()
    files = ModelFiles(where.models)
    engines = engines_here()
    hardware, catalogue = read_hardware(where.models), shipped_catalogue()
    found = choices(catalogue, hardware)
    kept, chosen = files.installed(), files.chosen()
    there = _There(engines, kept, chosen, hardware, catalogue, found)
    if as_json:
        terminal.data(json.dumps(_json(there), indent=2, ensure_ascii=False))
    else:
        terminal.grid(_rows(there))


@dataclass(frozen=True, slots=True)
class _There:
    """What there is to show."""

    engines: list[gateway.Model]
    kept: tuple[Installed, ...]
    chosen: str
    hardware: Hardware
    catalogue: "Catalogue"
    found: tuple[Choice, ...]


def _rows(there: _There) -> Iterator[Row]:
    yield "machine", _machine(there.hardware), "plain"
    label = "engines"
    for model in there.engines:
        yield label, *_engine_words(model)
        label = ""
        if model.settings:
            yield label, f"runs with {model.settings}", "dim"
        yield from gateway.model_rows(model)
    if not there.engines:
        yield label, "no engine of this machine has a model", "poor"
    label = "kept"
    for one in there.kept:
        mark = "  ← chosen" if one.name == there.chosen else ""
        yield label, f"{kept_words(one)}{mark}", "plain"
        label = ""
    if there.chosen and there.chosen not in {one.name for one in there.kept}:
        yield "chosen", there.chosen, "plain"
    label = f"catalogue {there.catalogue.dated}"
    for choice in there.found:
        yield label, _choice_words(choice), _choice_tone(choice)
        label = ""
    yield from _advice(best(there.found), there.kept)


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


def _json(there: _There) -> dict[str, object]:
    recommended = best(there.found)
    return {
        "hardware": asdict(there.hardware),
        "engines": [asdict(model) for model in there.engines],
        "kept": [asdict(one) for one in there.kept],
        "chosen": there.chosen or None,
        "catalogue": {
            "dated": there.catalogue.dated,
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
                for choice in there.found
            ],
        },
        "recommended": None if recommended is None else recommended.entry.name,
    }
