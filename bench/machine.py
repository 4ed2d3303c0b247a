"""What the figures were taken on, and how quiet it was."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def describe() -> dict[str, str]:
    memory = psutil.virtual_memory().total / 2**30
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{psutil.cpu_count()} x {processor()}",
        "memory": f"{memory:.1f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


class Noise:
    """Steal and idle time from here to :meth:`since`, and the load at its end."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    def since(self) -> dict[str, float]:
        after = psutil.cpu_times()
        spent = {name: getattr(after, name) - getattr(self._before, name) for name in after._fields}
        total = sum(spent.values()) or 1.0
        return {
            "steal_percent": 100 * spent.get("steal", 0.0) / total,
            "idle_percent": 100 * spent.get("idle", 0.0) / total,
            "load_average": os.getloadavg()[0],
        }
