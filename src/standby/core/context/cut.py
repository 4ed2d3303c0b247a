"""Tool results made shorter: a fixed text says how much is missing, and how to see it again.

What becomes of a result depends on the result alone, never on its place: it must come out the same
on every later turn.
"""

import enum
from collections.abc import Mapping
from typing import Final

from standby.core.context.measure import blocks_of, weigh_block
from standby.core.wire.json import JSON

__all__ = ["MARKER_BYTES", "Depth", "ends", "shorter", "within"]

_LEFT_OUT: Final = (
    "[… {} characters left out here, to fit this model's window."
    " Call the tool again to see them. …]"
)
_NO_IMAGE: Final = (
    "[An image was left out here, to fit this model's window. Call the tool again to see it.]"
)

MARKER_BYTES: Final = 128
"""More than the text takes that stands for what is missing."""

_HEAD: Final = 700
_TAIL: Final = 300
# Below this there is nothing to gain.
_WORTH: Final = 2 * (_HEAD + _TAIL)
_LINE: Final = 80


class Depth(enum.Enum):
    """How far a result is shortened."""

    SHORT = 0
    """To its beginning and its end: a thousand characters."""
    LINE = 1
    """To a line of its beginning."""


def shorter(block: Mapping[str, JSON], depth: Depth, *, sees: bool) -> tuple[JSON, int] | None:
    """Return a tool result in short, and its weight; ``None`` when there is nothing to gain."""
    head, tail, worth = (_HEAD, _TAIL, _WORTH) if depth is Depth.SHORT else (_LINE, 0, 3 * _LINE)
    text, others = _parts(block)
    images = sum(1 for part in others if _is_image(part)) if sees else 0
    if len(text) <= worth and not images:
        return None
    said = ends(text, head, tail) if len(text) > worth else text
    return _with(block, said, others, images=sees)


def within(block: Mapping[str, JSON], most: int, *, sees: bool) -> tuple[JSON, int] | None:
    """Return a tool result in at most about so many bytes; ``None`` when it has no more."""
    text, others = _parts(block)
    if weigh_block(dict(block), sees=sees) <= most:
        return None
    size = len(text.encode(errors="replace"))
    if size > most:
        # In characters, of which some take more than one byte.
        left = max(0, most - MARKER_BYTES) * len(text) // size
        text = ends(text, left * 2 // 3, left // 3)
    return _with(block, text, others, images=sees)


def ends(text: str, head: int, tail: int) -> str:
    """Return the first and the last characters of a text, and how many are missing in between."""
    missing = len(text) - head - tail
    if missing <= 0:
        return text
    parts = (text[:head].rstrip(), _LEFT_OUT.format(missing), text[len(text) - tail :].lstrip())
    return "\n".join(part for part in parts if part)


def _parts(block: Mapping[str, JSON]) -> tuple[str, list[JSON]]:
    """Return the text of a result, and the blocks of it that are none."""
    texts: list[str] = []
    others: list[JSON] = []
    for part in blocks_of(block.get("content")):
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case _:
                others.append(part)
    return "\n".join(texts), others


def _with(
    block: Mapping[str, JSON], text: str, others: list[JSON], *, images: bool
) -> tuple[JSON, int]:
    said: list[JSON] = [{"type": "text", "text": text}] if text else []
    said += [
        {"type": "text", "text": _NO_IMAGE} if images and _is_image(part) else part
        for part in others
    ]
    short: dict[str, JSON] = {**block, "content": said}
    return short, weigh_block(short, sees=images)


def _is_image(part: JSON) -> bool:
    match part:
        case {"type": "image"}:
            return True
        case _:
            return False
