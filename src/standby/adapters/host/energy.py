"""What the processors of this machine have used, where the system lets us read it (Linux, RAPL)."""

from pathlib import Path
from typing import Final

__all__ = ["EnergyMeter"]

_POWERCAP: Final = Path("/sys/class/powercap")
_JOULES: Final = 1e-6  # the counters are in microjoules


class EnergyMeter:
    """Adds up the packages' counters from its making on; they begin anew when they are full."""

    def __init__(self, root: Path = _POWERCAP) -> None:
        self._packages = sorted(root.glob("intel-rapl:[0-9]"))
        self._last = [_read(package / "energy_uj") for package in self._packages]
        self._used_uj = 0

    def used_j(self) -> float | None:
        """Return the joules used since the start; ``None``: the machine does not report it."""
        now = [_read(package / "energy_uj") for package in self._packages]
        if not now or any(one is None for one in now):
            return None
        for package, before, after in zip(self._packages, self._last, now, strict=True):
            if before is None or after is None:
                return None
            more = after - before
            if more < 0:
                more += _read(package / "max_energy_range_uj") or 0
            self._used_uj += max(0, more)
        self._last = now
        return self._used_uj * _JOULES


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
