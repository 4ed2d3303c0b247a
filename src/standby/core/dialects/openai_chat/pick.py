"""A look at one field of a value that may have none."""

from standby.core.wire.json import JSON

__all__ = ["pick"]


def pick(value: JSON, name: str) -> JSON:
    """Return a field; ``None`` when there is none, or the value is no object."""
    return value.get(name) if isinstance(value, dict) else None
