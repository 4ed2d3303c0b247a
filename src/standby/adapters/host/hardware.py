"""What this machine has for a model: memory, processors, graphics cards, disk, battery.

Graphics cards are asked about through their makers' own tools, where those are installed. What a
tool says is read tolerantly: a line or a field that is not understood is left out, never an error.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import psutil

from standby.adapters.child import ran
from standby.core.models.fit import Card, Hardware
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["Ask", "amd_cards", "ask_tool", "intel_cards", "nvidia_cards", "read_hardware"]

_TOOL_S: Final = 2.0
_MIB: Final = 1024 * 1024
# What is smaller is a part of a processor, and shares its memory.
_SMALLEST_BYTES: Final = 2_000_000_000
_MAX_DEVICES: Final = 16

Ask = Callable[[Sequence[str]], str]
"""Runs a tool and returns what it said; empty when it is not there, fails, or takes too long."""


def read_hardware(models: Path, ask: Ask | None = None, system: str = sys.platform) -> Hardware:
    """Return what this machine has. ``models`` is the folder, made or not, whose disk counts.

    Takes milliseconds, and up to two seconds for each maker's tool that hangs.
    """
    asked = ask or ask_tool
    memory = psutil.virtual_memory()
    on_battery, part = _battery()
    apple = system == "darwin" and platform.machine() == "arm64"
    return Hardware(
        ram_bytes=memory.total,
        ram_free_bytes=memory.available,
        cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        cards=() if apple else tuple(_cards(asked)),
        unified=apple,
        unified_limit_bytes=_wired_limit(asked) if apple else 0,
        disk_free_bytes=_disk_free(models),
        on_battery=on_battery,
        battery_part=part,
    )


def ask_tool(command: Sequence[str]) -> str:
    """Run a tool without a shell, and with nothing of the environment that it does not need."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    done = ran([program, *command[1:]], _TOOL_S)
    return "" if done is None or done.returncode else done.stdout.decode(errors="replace")


def _cards(ask: Ask) -> Iterator[Card]:
    """Yield the cards of the first maker whose tool knows any: a model goes to one kind of card."""
    for found in (nvidia_cards, amd_cards, intel_cards):
        cards = [card for card in found(ask) if card.total_bytes >= _SMALLEST_BYTES]
        if cards:
            yield from cards
            return


def nvidia_cards(ask: Ask) -> list[Card]:
    """Return NVIDIA's cards."""
    said = ask(
        ("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
    )
    found: list[Card] = []
    for line in said.splitlines()[:_MAX_DEVICES]:
        match [part.strip() for part in line.rsplit(",", 2)]:
            case [name, total, free] if total.isdecimal() and free.isdecimal():
                found.append(Card(name, int(total) * _MIB, int(free) * _MIB))
            case _:
                pass
    return found


def amd_cards(ask: Ask) -> list[Card]:
    """Return AMD's cards."""
    said = _json(ask(("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--json")))
    found: list[Card] = []
    for device in list(said.values())[:_MAX_DEVICES] if isinstance(said, dict) else []:
        total = _number(device, "VRAM Total Memory (B)")
        used = _number(device, "VRAM Total Used Memory (B)") or 0
        if total:
            name = _text(device, "Card Series") or _text(device, "Card series") or "AMD graphics"
            found.append(Card(name, total, max(total - used, 0)))
    return found


def intel_cards(ask: Ask) -> list[Card]:
    """Return Intel's cards."""
    match _json(ask(("xpu-smi", "discovery", "-j"))):
        case {"device_list": [*devices]}:
            numbers = [_number(device, "device_id") for device in devices[:_MAX_DEVICES]]
        case _:
            return []
    found: list[Card] = []
    for number in numbers:
        if number is None:
            continue
        device = _json(ask(("xpu-smi", "discovery", "-d", str(number), "-j")))
        total = _number(device, "memory_physical_size_byte")
        if total:
            free = _number(device, "memory_free_size_byte")
            name = _text(device, "device_name") or "Intel graphics"
            found.append(Card(name, total, total if free is None else free))
    return found


def _wired_limit(ask: Ask) -> int:
    said = ask(("sysctl", "-n", "iogpu.wired_limit_mb")).strip()
    return int(said) * _MIB if said.isdecimal() else 0


def _disk_free(folder: Path) -> int:
    """Return what is free where a folder is, or will be."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _battery() -> tuple[bool | None, float | None]:
    """Return whether the machine runs on its battery, and how full that is."""
    try:
        found = psutil.sensors_battery()
    except (AttributeError, OSError, psutil.Error, RuntimeError):  # no such thing on this system
        return None, None
    if found is None:
        return None, None
    # Some systems do not know whether it is plugged in.
    return {True: False, False: True}.get(found.power_plugged), found.percent / 100


def _json(text: str) -> JSON:
    try:
        return loads(text)
    except NotJSONError:
        return None


def _text(value: JSON, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _number(value: JSON, name: str) -> int | None:
    """Return a number of a tool's, which may have written it as text."""
    match value.get(name) if isinstance(value, dict) else None:
        case bool():
            return None
        case int(number) if number >= 0:
            return number
        case str(text) if text.strip().isdecimal():
            return int(text)
        case _:
            return None
