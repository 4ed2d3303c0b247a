"""The bench of local models, put together, with engines of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import psutil

from standby.adapters.engines import embedded, on_path
from standby.adapters.engines.started import StartedServer
from standby.adapters.engines.tuner import Tuner
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.paths import Paths
from standby.adapters.net import http_client
from standby.app.bench import Bench, Told
from standby.app.comparing import Bed, Comparing, Outcome
from standby.app.local.engines import Engines
from standby.core.models.facts import LocalModel
from standby.core.models.tuned import Proposal
from standby.core.models.tuning import Tuning
from standby.core.settings import Settings
from standby.ports import Engine, EngineError
from standby.wiring.engines import drafters_for, engines_of, preference_of
from standby.wiring.records import machine_of, records_of
from standby.wiring.tuned import OneTuning

__all__ = ["Wish", "adopt", "bench_local", "compare_local", "forget"]

# How the engines say which build they are.
_VERSIONS: Final = {
    embedded.ENGINE.name: embedded.engine_version,
    on_path.ENGINE.name: on_path.engine_version,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants measured."""

    model: str
    """Empty: the one that would take over."""
    tokens: int
    seconds: float = 0.0
    """For a comparison."""


async def bench_local(settings: Settings, where: Paths, wish: Wish, told: Told) -> Outcome:
    """Measure a model as it is run; keep the figures. Raise :class:`EngineError`."""
    machine = machine_of(read_hardware(where.models))
    async with _engines(settings, where, None) as (engines, every):
        model = await _named(engines, wish.model)
        measured = await Bench(engines, SystemClock(), SystemDice(), told).run(
            model, wish.tokens, (_version(model), machine), partial(_memory, every, model)
        )
    await records_of(where).keep(measured)
    return Outcome(measured, done=True)


async def compare_local(
    settings: Settings, where: Paths, wish: Wish, told: Told, found: Callable[[Outcome], None]
) -> Outcome:
    """Try other settings of an engine of our own, too. Raise :class:`EngineError`.

    ``found`` is told what there is after each measurement. The figures and what is proposed are
    kept.
    """
    hardware = read_hardware(where.models)
    records = records_of(where)

    async def keep(outcome: Outcome) -> None:
        await records.keep(outcome.measured)
        found(outcome)

    async with _engines(settings, where, None) as (engines, _):
        model = await _named(engines, wish.model)
    drafters = await asyncio.to_thread(drafters_for, settings, where, model, hardware)
    serve = partial(_bed, settings, where, wish.model, machine_of(hardware), told)
    comparing = Comparing(serve, SystemClock(), told, keep, hardware.cores, drafters, wish.seconds)
    outcome = await comparing.run(wish.tokens)
    if outcome.proposal is not None:
        await records.propose(outcome.proposal)
    return outcome


async def adopt(settings: Settings, where: Paths, name: str) -> Proposal:
    """Have a model run with what was proposed for it last. Raise :class:`EngineError`."""
    records, machine = records_of(where), machine_of(read_hardware(where.models))
    async with _engines(settings, where, None) as (engines, _):
        model = await _named(engines, name)
    proposal = (await records.tuned()).proposal(model.key, _version(model), machine)
    if proposal is None:
        raise EngineError(
            f"nothing is proposed for {model.key}, with this version of its engine, on this machine"
        )
    await records.adopt(proposal)
    return proposal


async def forget(where: Paths, name: str) -> tuple[Proposal, ...]:
    """Give up what was adopted for a model, by its key; empty: for any. Return what it was."""
    records = records_of(where)
    given_up = [one for one in (await records.tuned()).adopted if name in {"", one.model}]
    await records.forget(name)
    return tuple(given_up)


@asynccontextmanager
async def _bed(
    settings: Settings, where: Paths, name: str, machine: str, told: Told, tuning: Tuning | None
) -> AsyncIterator[Bed]:
    tuner = OneTuning(tuning)
    async with _engines(settings, where, tuner) as (engines, every):
        model = await _named(engines, name)
        if model.engine not in _VERSIONS:
            raise EngineError(
                f"other settings can be tried on an engine of standby's own only, and {model.key}"
                " is run by somebody else"
            )
        yield Bed(
            Bench(engines, SystemClock(), SystemDice(), told),
            model,
            (_version(model), machine),
            partial(_memory, every, model),
            lambda: tuner.used[0],
        )


async def _named(engines: Engines, name: str) -> LocalModel:
    await engines.refresh()
    model = engines.named(name) if name else await engines.would_take_over()
    if model is None:
        there = ", ".join(one.key for one in engines.known()) or "none"
        what = f"no model {name!r}" if name else "no model"
        raise EngineError(f"there is {what} on this machine; there is: {there}")
    return model


@asynccontextmanager
async def _engines(
    settings: Settings, where: Paths, tuner: Tuner | None
) -> AsyncIterator[tuple[Engines, list[Engine]]]:
    async with http_client() as client:
        every = engines_of(settings, where, client, tuner)
        engines = Engines(every, preference_of(settings, where), SystemClock())
        try:
            yield engines, every
        finally:
            await engines.stop()


def _version(model: LocalModel) -> str:
    return _VERSIONS[model.engine]() if model.engine in _VERSIONS else ""


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
