"""What a request needs of whoever answers it, read from its body. No words are kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["Needs", "in_tool_loop", "needs_of"]

# Clients allow for far longer answers than they get (Claude Code for 32,000 to 128,000 tokens each
# time): who wants much is known by the effort that it asks for.
_GREAT_EFFORTS: Final = frozenset({"xhigh", "max"})
_REACH: Final = 100
"""How many messages back an image counts: what was shown before has been looked at, and said."""
_OURS_TO_RUN: Final = frozenset({"", "custom"})


@dataclass(frozen=True, slots=True)
class Needs:
    """The abilities that a request asks for."""

    tools: bool = False
    vision: bool = False
    server_tools: bool = False
    """Tools that only the cloud can run, such as its web search."""
    structured: bool = False
    """An answer that must keep to a JSON schema."""
    effort: bool = False
    """The highest effort of thinking."""

    @property
    def words(self) -> tuple[str, ...]:
        """The needs by name."""
        named = {
            "tools": self.tools,
            "vision": self.vision,
            "server tools": self.server_tools,
            "structured output": self.structured,
            "high effort": self.effort,
        }
        return tuple(name for name, needed in named.items() if needed)


def needs_of(value: Mapping[str, JSON]) -> Needs:
    """Return what a request body needs."""
    kinds = [*_kinds(value.get("tools"))]
    output = value.get("output_config")
    effort = output.get("effort") if isinstance(output, dict) else None
    return Needs(
        tools=bool(kinds),
        vision=_has_image(value.get("messages")),
        server_tools=any(kind not in _OURS_TO_RUN for kind in kinds),
        structured=isinstance(output, dict) and isinstance(output.get("format"), dict),
        effort=effort in _GREAT_EFFORTS,
    )


def in_tool_loop(value: Mapping[str, JSON]) -> bool:
    """Whether the last that the client says is the result of a call: a turn is under way."""
    messages = value.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        match message:
            case {"role": "user", "content": list(blocks)}:
                return any(_type(block) == "tool_result" for block in blocks)
            case {"role": "system"}:
                continue
            case _:
                return False
    return False


def _kinds(tools: JSON) -> Iterator[str]:
    for tool in tools if isinstance(tools, list) else []:
        match tool:
            case {"type": str(kind)}:
                yield kind
            case _:
                yield ""


def _has_image(messages: JSON) -> bool:
    # Only users bring images. Written plainly: patterns took ten times as long.
    for message in messages[-_REACH:] if isinstance(messages, list) else []:
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        for block in content if isinstance(content, list) else []:
            if not isinstance(block, dict):
                continue
            kind = block.get("type")
            if kind == "image":
                return True
            inner = block.get("content") if kind == "tool_result" else None
            if isinstance(inner, list) and any(_type(part) == "image" for part in inner):
                return True
    return False


def _type(block: JSON) -> JSON:
    return block.get("type") if isinstance(block, dict) else None
