"""Where measurements of local models are kept, and for which machine they hold."""

import asyncio
import platform

from standby.adapters.host.hardware import read_hardware
from standby.adapters.host.paths import Paths
from standby.adapters.quota_store.file import FileStore
from standby.app.bench import Records
from standby.app.local.speeds import Speeds
from standby.core.models.fit import Hardware, gigabytes

__all__ = ["machine_of", "records_of", "teach"]


def records_of(where: Paths) -> Records:
    """Return the measurements of this installation."""
    return Records(FileStore(where.bench_file, "what was measured"))


def machine_of(hardware: Hardware) -> str:
    """Return what this machine is, so far as speeds depend on it."""
    cards = ", ".join(card.name for card in hardware.cards) or "no card"
    graphics = "shared memory" if hardware.unified else cards
    return (
        f"{platform.system()} {platform.machine()}, {hardware.cores} cores,"
        f" {gigabytes(hardware.ram_bytes)}, {graphics}"
    )


async def teach(speeds: Speeds, where: Paths) -> None:
    """Have a gateway expect of its models what was measured on this machine."""
    hardware = await asyncio.to_thread(read_hardware, where.models)
    await records_of(where).teach(speeds, machine_of(hardware))
