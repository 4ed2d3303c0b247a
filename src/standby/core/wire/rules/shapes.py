"""Shapes that occur in more than one place of a request."""

from collections.abc import Iterator, Mapping

from standby.core.wire.json import JSON

__all__ = ["cache_control", "said"]


def said(text: str, where: str) -> Iterator[str]:
    """Yield what is wrong with a text that must say something."""
    if not text:
        yield f"{where}: text content blocks must be non-empty"
    elif not text.strip():
        yield f"{where}: text content blocks must contain non-whitespace text"


def cache_control(block: Mapping[str, JSON], where: str) -> Iterator[str]:
    """Yield what is wrong with a cache mark, if there is one."""
    match block.get("cache_control"):
        case None | {"type": "ephemeral", "ttl": "5m" | "1h" | None}:
            pass
        case {"type": "ephemeral", "ttl": _}:
            yield f"{where}.cache_control.ttl: Input should be '5m' or '1h'".lstrip(".")
        case {"type": "ephemeral"}:
            pass
        case _:
            yield f"{where}.cache_control.type: Input should be 'ephemeral'".lstrip(".")
