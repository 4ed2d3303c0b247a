"""How this machine is off: its battery and its memory, looked at now and then."""

import asyncio
from typing import Final

import psutil

from standby.core.policy.verdicts import Machine

__all__ = ["EVERY_S", "MachineState"]

EVERY_S: Final = 30.0


class MachineState:
    """Remembers what was seen last: a request must not wait for sensors."""

    def __init__(self) -> None:
        self._seen = Machine()

    def now(self) -> Machine:
        """Return what was seen last; before the first look nothing is known."""
        return self._seen

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once. Never raises: what cannot be found out is not known."""
        self._seen = await asyncio.to_thread(_look)


def _look() -> Machine:
    return Machine(_battery(), _memory())


def _battery() -> float | None:
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, psutil.Error):
        return None  # not every system has sensors
    if battery is None or battery.power_plugged is not False:
        return None
    return min(max(battery.percent / 100, 0.0), 1.0)


def _memory() -> float | None:
    try:
        memory = psutil.virtual_memory()
    except (OSError, psutil.Error):
        return None
    return memory.available / memory.total if memory.total else None
