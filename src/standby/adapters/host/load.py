"""What else this machine has to do: whether it runs on its battery, and how busy others keep it."""

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
        return Load(_on_battery(), self._busy)


def _on_battery() -> bool:
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, psutil.Error):
        return False  # not every system has sensors
    return battery is not None and battery.power_plugged is False


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
