"""A comparison of the real engine's settings finds what is better, and it is run until given up."""

import asyncio
import os
from dataclasses import replace

import pytest

from standby.adapters.host.clock import SystemClock
from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.paths import paths
from standby.app.comparing import Comparing
from standby.core.models.tuning import Tuning
from standby.core.settings import Settings
from standby.wiring import bench
from standby.wiring.records import machine_of, records_of
from tests.models.tiny_gguf import tiny_model

pytestmark = [pytest.mark.anyio, pytest.mark.alone, pytest.mark.timeout(300)]

TOKENS, WITHIN_S = 7_000, 90.0
TRIES = 3
"""Where other work makes settings differ from themselves, a comparison comes to nothing."""
CORES = os.cpu_count() or 1
SLOW = Tuning(min(16 * CORES, 256), 0, flash_attention=True)
"""Threads without a core wait for one another, on any machine: seen to read seven times slower."""


@pytest.fixture
def nothing_blocks():
    """What is kept is looked at here."""


async def run_as(settings, where):
    """Start the engine as a gateway would; return which trial its settings come from."""
    async with bench._engines(settings, where, None) as (engines, every):
        model = await bench._named(engines, "")
        (engine,) = (each for each in every if each.name == model.engine)
        return (await engine.start(model)).tuned


async def test_where_the_present_settings_are_slow_better_ones_are_proposed_and_adopted(
    nothing_blocks, tmp_path
):
    where = paths({"STANDBY_HOME": str(tmp_path)})
    where.make()
    settings = Settings()
    file = str(await asyncio.to_thread(tiny_model))
    ours = {"engine": "embedded", "discover": False, "model_path": file, "context": 16384}
    settings = replace(settings, local=replace(settings.local, **ours))
    hardware = read_hardware(where.models)

    def serve(tuning):
        machine = machine_of(hardware)
        tried = SLOW if tuning is None else tuning
        return bench._bed(settings, where, "", machine, lambda *_: None, tried)

    async def found(_outcome):
        pass

    told = lambda *_: None  # noqa: E731
    for _ in range(TRIES):
        comparing = Comparing(serve, SystemClock(), told, found, hardware.cores, (), WITHIN_S)
        outcome = await comparing.run(TOKENS)
        if (proposal := outcome.proposal) is not None:
            break
    assert proposal is not None, (outcome.measured.figures, outcome.tried, outcome.doubt)
    assert proposal.tuning.threads < SLOW.threads
    assert proposal.after_s < proposal.before_s * 0.75

    await records_of(where).propose(proposal)
    assert "" == await run_as(settings, where)
    await bench.adopt(settings, where, "")
    assert proposal.tuning.measured == await run_as(settings, where)
    await bench.forget(where, "")
    assert "" == await run_as(settings, where)
