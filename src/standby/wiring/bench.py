"""The bench of local models, put together, with engines of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import psutil

from standby.adapters.engines.started import StartedServer
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.paths import Paths
from standby.adapters.net import http_client
from standby.app.bench import Bench, Told
from standby.app.engines import Engines
from standby.core.models.facts import LocalModel
from standby.core.models.measured import Measured, Trial, better, trials
from standby.core.models.tuning import Tuning
from standby.core.settings import Settings
from standby.ports import Engine, EngineError
from standby.wiring.engines import engines_of, preference_of
from standby.wiring.records import machine_of, records_of

__all__ = ["Outcome", "bench_local"]

_EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, as it is run and as it might be."""

    measured: Measured
    tried: tuple[tuple[Trial, Measured], ...] = ()
    proposal: Trial | None = None


async def bench_local(
    settings: Settings, where: Paths, name: str, tokens: int, told: Told, *, compare: bool
) -> Outcome:
    """Measure a model; empty ``name``: the one that would take over. Raise :class:`EngineError`.

    The results are kept. ``compare`` tries other settings of the embedded engine, too.
    """
    hardware = read_hardware(where.models)
    chosen: list[Tuning] = []

    def note(tuning: Tuning) -> Tuning:
        chosen[:] = [tuning]
        return tuning

    measure = partial(_measured, settings, where, name, tokens, machine_of(hardware), told)
    measured = await measure(note)
    await records_of(where).keep(measured)
    if not compare:
        return Outcome(measured)
    if not measured.model.startswith(f"{_EMBEDDED}/"):
        raise EngineError(
            f"other settings can be tried on standby's own engine only, and {measured.model} is"
            " run by somebody else"
        )
    tried: list[tuple[Trial, Measured]] = []
    for trial in trials(chosen[0], hardware.cores):
        told(f"trying {trial.name}", 0.0)
        tried.append((trial, await measure(_always(trial.tuning))))
    return Outcome(measured, tuple(tried), better(measured, tried))


def _always(tuning: Tuning) -> Callable[[Tuning], Tuning]:
    return lambda _chosen: tuning


async def _measured(
    settings: Settings,
    where: Paths,
    name: str,
    tokens: int,
    machine: str,
    told: Told,
    tuned: Callable[[Tuning], Tuning],
) -> Measured:
    async with _engines(settings, where, tuned) as (engines, every):
        await engines.refresh()
        model = engines.named(name) if name else await engines.would_take_over()
        if model is None:
            there = ", ".join(one.key for one in engines.known()) or "none"
            what = f"no model {name!r}" if name else "no model"
            raise EngineError(f"there is {what} on this machine; there is: {there}")
        about = (_version(model), machine)
        bench = Bench(engines, SystemClock(), SystemDice(), told)
        return await bench.run(model, tokens, about, partial(_memory, every, model))


@asynccontextmanager
async def _engines(
    settings: Settings, where: Paths, tuned: Callable[[Tuning], Tuning]
) -> AsyncIterator[tuple[Engines, list[Engine]]]:
    async with http_client() as client:
        every = engines_of(settings, where, client, tuned=tuned)
        engines = Engines(every, preference_of(settings, where), SystemClock())
        try:
            yield engines, every
        finally:
            await engines.stop()


def _version(model: LocalModel) -> str:
    if model.engine != _EMBEDDED:
        return ""
    try:
        return f"xllamacpp {version('xllamacpp')}"
    except PackageNotFoundError:
        return ""


def _memory(every: list[Engine], model: LocalModel) -> int | None:
    """Return what an engine of ours takes, with its children."""
    found = next((engine for engine in every if engine.name == model.engine), None)
    pid = found.pid if isinstance(found, StartedServer) else None
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)
    except psutil.Error:
        return None
