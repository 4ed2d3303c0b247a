"""Reads the report's JSON: what is not there, or is something else, is empty."""

from standby.core.wire.json import JSON

__all__ = ["each", "number", "part", "text", "whole"]


def part(said: JSON, name: str) -> JSON:
    """Return what an object has under a name."""
    return said.get(name) if isinstance(said, dict) else None


def each(said: JSON, name: str) -> list[JSON]:
    """Return a list's items."""
    found = part(said, name)
    return found if isinstance(found, list) else []


def text(said: JSON, name: str) -> str:
    """Return a text."""
    found = part(said, name)
    return found if isinstance(found, str) else ""


def number(said: JSON, name: str) -> float | None:
    """Return a number."""
    found = part(said, name)
    real = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if real and isinstance(found, int | float) else None


def whole(said: JSON, name: str) -> int:
    """Return a count."""
    return int(number(said, name) or 0)
