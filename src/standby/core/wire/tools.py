"""Tools as a conversation names them: those that were called, and those that were loaded."""

from collections.abc import Iterator
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["PLACEHOLDER", "named_in"]

PLACEHOLDER: Final = "DeferredToolPlaceholder"
"""Claude Code's stand-in for the tools that it has not loaded; calling it does nothing."""


def named_in(block: JSON) -> Iterator[str]:
    """Yield the names of the tools that a block calls or loads, in order."""
    match block:
        case {"type": "tool_use", "name": str(name)}:
            yield name
        case {"type": "tool_addition", "tool": {"name": str(name)}}:
            yield name
        case {"type": "tool_result", "content": list(parts)}:
            yield from _loaded(parts)
        case {"type": "tool_search_tool_result", "content": {"tool_references": list(parts)}}:
            yield from _loaded(parts)
        case _:
            pass


def _loaded(parts: list[JSON]) -> Iterator[str]:
    for part in parts:
        match part:
            case {"type": "tool_reference", "tool_name": str(name)}:
                yield name
            case _:
                pass
