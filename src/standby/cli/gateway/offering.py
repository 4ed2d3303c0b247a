"""What to do on a machine that has no model for work: the best that fits, and what it costs."""

from standby.adapters.host.paths import Paths
from standby.cli.gateway.said import Status

__all__ = ["no_work_model", "offer"]


def no_work_model(status: Status) -> bool:
    """Whether nobody would take over but, at best, the rehearsal model."""
    return status.next is None or status.next.rehearsal


def offer(where: Paths) -> str:
    """Return what would suit this machine, for a person. Reads the hardware: a moment's work."""
    from standby.adapters.host.hardware import read_hardware
    from standby.adapters.host.models.catalogue_file import shipped_catalogue
    from standby.core.models.recommend import best, choices, cost_in_words

    hardware = read_hardware(where.models)
    found = best(choices(shipped_catalogue(), hardware))
    if found is None:
        return (
            "Nothing in the catalogue would work well on this machine; `standby models` says why."
        )
    entry = found.entry
    room = "" if hardware.disk_free_bytes > entry.size_bytes else ", more than is free"
    return (
        f"{entry.title} would suit this machine ({found.fit.speed.value}, an estimate):"
        f" `standby models pull {entry.name}` costs {cost_in_words(entry)}{room}."
    )
