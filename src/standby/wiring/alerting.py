"""Who tells a person that does not look, as the settings want it."""

from standby.adapters.host.notifying import Bell, Desktop
from standby.ports import Notifier

__all__ = ["notifier_of"]


def notifier_of(wanted: str) -> Notifier | None:
    """Return who tells, by the name of the setting; ``None`` where nobody wants it."""
    match wanted:
        case "desktop":
            return Desktop()
        case "bell":
            return Bell()
        case _:
            return None
