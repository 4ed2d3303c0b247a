"""The machine's battery and memory, as psutil says."""

from types import SimpleNamespace

import psutil
import pytest

from standby.adapters.host.machine import MachineState
from standby.core.policy.verdicts import Machine

pytestmark = pytest.mark.anyio


async def test_before_the_first_look_nothing_is_known():
    assert Machine() == MachineState().now()


async def test_the_free_share_of_memory_is_seen():
    state = MachineState()
    await state.look()

    assert 0 < state.now().memory <= 1


@pytest.mark.parametrize(
    ("battery", "left"),
    [
        (None, None),
        (SimpleNamespace(percent=20, power_plugged=False), 0.2),
        (SimpleNamespace(percent=20, power_plugged=True), None),
        (SimpleNamespace(percent=20, power_plugged=None), None),
    ],
)
async def test_only_a_battery_that_is_used_counts(monkeypatch, battery, left):
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    state = MachineState()
    await state.look()

    assert left == state.now().battery


async def test_a_machine_without_sensors_is_no_trouble(monkeypatch):
    def fails():
        raise OSError

    monkeypatch.setattr(psutil, "sensors_battery", fails, raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", fails)
    state = MachineState()
    await state.look()

    assert Machine() == state.now()
