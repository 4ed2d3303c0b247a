"""How this machine is: on its battery or not, how busy others keep it, and how warm it is."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

from standby.core.warming import Load

__all__ = ["SystemLoad"]

_SHORTEST_S: Final = 1.0
"""Over less time the figures of the system, which count in hundredths, say nothing."""

# How Linux calls the sensors of processors: Intel's, AMD's, those of boards, and the rest.
_PROCESSORS: Final = (*("coretemp", "k10temp", "zenpower", "x86_pkg_temp", "cpu", "soc", "acpitz"),)
# A sensor that is not there tells 0, or 127 and more.
_COLDEST_C: Final = 0.0
_HOTTEST_C: Final = 125.0


@dataclass(frozen=True, slots=True)
class _Looked:
    at: float
    busy_s: float
    """Seconds of processor time that all programs have used."""
    ours_s: float


class SystemLoad:
    """Reads the load as the share since it was read last. The first reading finds none."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._last: _Looked | None = None
        self._busy = 0.0

    async def load(self) -> Load:
        """Return what is so now. Never raises: what cannot be found out is no load."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Load:
        now, last = _look(self._ticks()), self._last
        if last is None:
            self._last = now
        elif now.at - last.at >= _SHORTEST_S:
            others_s = (now.busy_s - last.busy_s) - max(now.ours_s - last.ours_s, 0.0)
            most_s = (now.at - last.at) * (os.cpu_count() or 1)
            self._busy = min(max(others_s / most_s, 0.0), 1.0)
            self._last = now
        return Load(_on_battery(), self._busy, _celsius())


def _on_battery() -> bool:
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, psutil.Error):
        return False  # not every system has sensors
    return battery is not None and battery.power_plugged is False


def _celsius() -> float | None:
    """Return how warm the processor is; ``None`` where the system does not tell (macOS, Windows).

    What else is measured, disks and batteries, is hot at other degrees.
    """
    try:
        chips = psutil.sensors_temperatures()
    except (AttributeError, OSError, RuntimeError, ValueError, psutil.Error):
        return None  # not every system has sensors, and some have broken ones
    told = [
        sensor.current
        for name, sensors in chips.items()
        if name.lower().startswith(_PROCESSORS)
        for sensor in sensors
    ]
    return max((one for one in told if _COLDEST_C < one < _HOTTEST_C), default=None)


def _look(at: float) -> _Looked:
    times = psutil.cpu_times()
    # Linux counts what a guest uses twice.
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "guest", 0.0)
    return _Looked(at, sum(times) - idle, _ours())


def _ours() -> float:
    """Return the processor time of this process and of the engines that it has started."""
    spent = 0.0
    try:
        me = psutil.Process()
        for process in (me, *me.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            spent += times.user + times.system
    except psutil.Error:
        return spent
    return spent
