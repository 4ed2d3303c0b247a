"""How large a request is for a local model: its bytes first, then about how many tokens they make.

What is weighed is what the model gets to read. A field that stays here weighs nothing, and an image
weighs what it comes to in tokens, not what its base64 takes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from standby.core.wire.json import JSON
from standby.core.wire.tools import PLACEHOLDER, named_in

__all__ = ["Gauge", "blocks_of", "in_use", "weigh", "weigh_block", "weigh_turn"]

# Measured on code, prose and tool schemas with the tokenizers of Qwen, tiktoken and Claude up to
# 4.6: 2.8 to 4.7 bytes a token. Three is near the upper end of the count, which is the safe one.
_USUAL: Final = 3_000
_FEWEST: Final = 700  # a vocabulary of single bytes, and what a template adds to them
_MOST: Final = 5_000
# Steps of 9 %.
_NOTCHES: Final = tuple(round(1000 * 2 ** (step / 8)) for step in range(-4, 19))
_MARGIN: Final = 0.97
# A short prompt is mostly the template's own tokens, and says little of the ratio.
_TELLING: Final = 500

_BILLING: Final = "x-anthropic-billing-header:"

_PER_TURN: Final = 24
_PER_TOOL: Final = 48
_PER_CALL: Final = 48
_IMAGE: Final = 4_500
"""About 1500 tokens: what the larger vision models make of a screenshot."""
_NAMED: Final = 80
"""What stands for something that cannot be shown."""
_OPAQUE: Final = frozenset({"data", "encrypted_content", "encrypted_index", "signature"})


@dataclass(frozen=True, slots=True)
class Gauge:
    """How many bytes of a request make a token, for one model.

    It moves in coarse steps, down at once and up only when it is far off: what is made to fit by it
    must come out the same from turn to turn.
    """

    per_thousand: int = _USUAL
    """The bytes that make a thousand tokens."""
    known: bool = field(default=False, compare=False)
    """Whether it comes from a server's own count."""

    def tokens(self, size: int) -> int:
        """Return about how many tokens so many bytes make: rather too many than too few."""
        return -(-size * 1000 // self.per_thousand)

    def bytes(self, tokens: int) -> int:
        """Return how many bytes make about so many tokens: rather too few than too many."""
        return tokens * self.per_thousand // 1000

    def learned(self, size: int, tokens: int, *, most: int = _MOST) -> "Gauge":
        """Return the gauge after a server has counted ``tokens`` in ``size`` bytes.

        ``most`` bounds it where the server's own count may be too low.
        """
        if tokens < _TELLING or size <= 0:
            return self
        seen = min(max(_notch(size * 1000 * _MARGIN / tokens), _FEWEST), most)
        now = self.per_thousand
        if seen < now or _notch(seen) > 1.15 * _notch(now):
            now = seen
        return Gauge(now, known=True)

    def lowered(self, size: int, room: int) -> "Gauge":
        """Return the gauge as low as it must be for so many bytes to exceed so many tokens."""
        if self.tokens(size) > room:
            return self
        lower = _notch(size * 1000 / (room + 1) - 1)
        return replace(self, per_thousand=min(lower, self.per_thousand))


def _notch(ratio: float) -> int:
    """Return the next lower step."""
    return max((notch for notch in _NOTCHES if notch <= ratio), default=_NOTCHES[0])


def weigh(body: Mapping[str, JSON], *, sees: bool = False) -> int:
    """Return how many bytes of a Messages request a model gets to read. ``sees``: images, too."""
    return (
        _weigh_system(body.get("system"))
        + _weigh_tools(body)
        + sum(weigh_turn(turn, sees=sees) for turn in _turns(body))
    )


def weigh_turn(turn: JSON, *, sees: bool = False) -> int:
    """Return how many bytes one turn comes to."""
    match turn:
        case {"content": content}:
            return _PER_TURN + sum(weigh_block(block, sees=sees) for block in blocks_of(content))
        case _:
            return 0


def blocks_of(content: JSON) -> Iterator[JSON]:
    """Yield the blocks of a content; a string is one block of text."""
    match content:
        case str(text):
            yield {"type": "text", "text": text}
        case list(items):
            yield from items
        case _:
            pass


def in_use(body: Mapping[str, JSON]) -> frozenset[str]:
    """Return the names of the tools that the conversation has called or loaded, or that are forced.

    They stay; and of the deferred ones they alone are shown to a model.
    """
    names = {name for turn in _turns(body) for name in _named_in(turn)}
    match body.get("tool_choice"):
        case {"type": "tool", "name": str(name)}:
            names.add(name)
        case _:
            pass
    return frozenset(names)


def _turns(body: Mapping[str, JSON]) -> list[JSON]:
    turns = body.get("messages")
    return turns if isinstance(turns, list) else []


def _named_in(turn: JSON) -> Iterator[str]:
    match turn:
        case {"content": list(content)}:
            for block in content:
                yield from named_in(block)
        case _:
            pass


def _weigh_system(system: JSON) -> int:
    said = [block for block in blocks_of(system) if not _is_billing(block)]
    return sum(weigh_block(block, sees=False) for block in said) + (_PER_TURN if said else 0)


def _is_billing(block: JSON) -> bool:
    match block:
        case {"type": "text", "text": str(text)}:
            return text.startswith(_BILLING)
        case _:
            return False


def _weigh_tools(body: Mapping[str, JSON]) -> int:
    tools = body.get("tools")
    if not isinstance(tools, list) or not tools:
        return 0
    used = in_use(body)
    return sum(_weigh_tool(tool, used) for tool in tools)


def _weigh_tool(tool: JSON, used: frozenset[str]) -> int:
    match tool:
        case {"name": str(name), "defer_loading": True} if name not in used:
            return 0
        case {"name": str(name), "input_schema": schema} if name != PLACEHOLDER:
            said = _field(tool, "description")
            words = _bytes(said) if isinstance(said, str) else 0
            return _PER_TOOL + _bytes(name) + words + _weigh_json(schema)
        case _:
            return 0


def weigh_block(block: JSON, *, sees: bool) -> int:
    """Return how many bytes one block comes to."""
    match block:
        case {"type": "text", "text": str(text)}:
            return _bytes(text)
        case {"type": "thinking" | "redacted_thinking"}:
            return 0
        case {"type": "tool_use", "name": str(name), "input": given}:
            return _PER_CALL + _bytes(name) + _weigh_json(given)
        case {"type": "tool_result"}:
            inner = blocks_of(_field(block, "content"))
            return _PER_TURN + sum(weigh_block(part, sees=sees) for part in inner)
        case {"type": "image"}:
            return _IMAGE if sees else _NAMED
        case _:
            return _NAMED + _weigh_json(block)


def _field(value: JSON, name: str) -> JSON:
    return value.get(name) if isinstance(value, dict) else None


def _weigh_json(value: JSON) -> int:
    """Return about how long a value is as JSON. Nesting is as deep as a client likes."""
    size, left = 0, [value]
    while left:
        match left.pop():
            case str(text):
                size += _bytes(text) + 2
            case list(items):
                size += len(items) + 1
                left += items
            case dict(fields):
                for key, inner in fields.items():
                    size += len(key) + 4
                    if key not in _OPAQUE or not isinstance(inner, str):
                        left.append(inner)
            case _:
                size += 4
    return size


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))
