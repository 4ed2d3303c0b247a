"""What else the machine has to do: its battery, and how busy others keep it."""

import os
from collections import namedtuple
from types import SimpleNamespace

import pytest

from standby.adapters.host import load
from standby.adapters.host.load import SystemLoad
from standby.core.warming import Load

pytestmark = pytest.mark.anyio

Times = namedtuple("Times", "user idle iowait")  # noqa: PYI024 - as psutil has it


class Machine:
    """Figures as the system would give them."""

    def __init__(self, monkeypatch):
        self.at = self.busy = self.ours = 0.0
        self.plugged = True
        monkeypatch.setattr(load.psutil, "cpu_times", self._times)
        monkeypatch.setattr(load.psutil, "Process", lambda: self)
        monkeypatch.setattr(load.psutil, "sensors_battery", self._battery, raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 4)
        monkeypatch.setattr(load.psutil, "sensors_temperatures", dict, raising=False)

    def _times(self):
        return Times(self.busy, 1000.0, 50.0)

    def _battery(self):
        return SimpleNamespace(power_plugged=self.plugged)

    def children(self, recursive):
        assert recursive
        return []

    def cpu_times(self):
        return SimpleNamespace(user=self.ours, system=0.0)


async def test_the_load_is_what_others_use_of_all_processors(monkeypatch):
    machine = Machine(monkeypatch)
    reads = SystemLoad(lambda: machine.at)
    assert Load() == await reads.load()

    machine.at, machine.busy, machine.ours = 10.0, 30.0, 20.0

    assert Load(on_battery=False, busy=0.25) == await reads.load()
    machine.at += 0.1  # too short to say anything new
    machine.busy += 1.0
    assert 0.25 == (await reads.load()).busy


@pytest.mark.parametrize(("plugged", "on"), [(True, False), (False, True), (None, False)])
async def test_it_runs_on_its_battery_only_where_the_system_says_so(monkeypatch, plugged, on):
    machine = Machine(monkeypatch)
    machine.plugged = plugged

    assert on == (await SystemLoad().load()).on_battery


async def test_without_sensors_there_is_no_battery(monkeypatch):
    Machine(monkeypatch)
    monkeypatch.delattr(load.psutil, "sensors_battery")

    assert not (await SystemLoad().load()).on_battery


def chips(**sensors):
    return lambda: {
        name.replace("_", "-"): [SimpleNamespace(current=each) for each in told]
        for name, told in sensors.items()
    }


@pytest.mark.parametrize(
    ("told", "celsius"),
    [
        (chips(coretemp=[61.0, 92.5, 70.0], nvme=[99.0]), 92.5),
        (chips(k10temp=[45.25]), 45.25),
        (chips(cpu_thermal=[0.0, 127.0, 50.0]), 50.0),
        (chips(cpu_thermal=[0.0, 127.0]), None),
        (chips(nvme=[70.0], BAT0=[30.0]), None),
        (chips(), None),
    ],
    ids=["intel", "amd", "broken sensors", "only broken ones", "a disk", "nothing"],
)
async def test_the_warmest_sensor_of_a_processor_counts(monkeypatch, told, celsius):
    Machine(monkeypatch)
    monkeypatch.setattr(load.psutil, "sensors_temperatures", told, raising=False)

    assert celsius == (await SystemLoad().load()).celsius


@pytest.mark.parametrize("error", [AttributeError, OSError, RuntimeError], ids=lambda e: e.__name__)
async def test_where_nobody_can_say_how_warm_it_is_that_is_not_known(monkeypatch, error):
    Machine(monkeypatch)

    def broken():
        raise error("no sensors")

    monkeypatch.setattr(load.psutil, "sensors_temperatures", broken, raising=False)

    assert (await SystemLoad().load()).celsius is None


async def test_the_real_machine_can_be_read():
    found = await SystemLoad().load()

    assert 0.0 <= found.busy <= 1.0
