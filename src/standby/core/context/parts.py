"""Images and documents of a request, wherever they stand, and what is put in their place."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping

from standby.core.wire.json import JSON

__all__ = ["Attached", "attached", "data_of", "retold"]

Attached = Mapping[str, JSON]
"""An ``image`` or ``document`` block."""


def attached(body: Mapping[str, JSON], kind: str) -> Iterator[Attached]:
    """Yield the blocks of a kind whose data is in the request, oldest first."""
    turns = body.get("messages")
    for turn in turns if isinstance(turns, list) else []:
        for block in _inside(turn):
            if block.get("type") == kind and data_of(block) is not None:
                yield block


def data_of(block: Attached) -> bytes | None:
    """Return what a block holds; ``None`` when that is not in the request, or is no base64."""
    match block:
        case {"source": {"type": "base64", "data": str(text)}}:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                return None
        case _:
            return None


def retold(
    body: Mapping[str, JSON], instead: Callable[[Attached], str | None]
) -> Mapping[str, JSON]:
    """Return a request in which words stand for images and documents, where there are any.

    Everything else stays the very object that it was.
    """
    turns = body.get("messages")
    if not isinstance(turns, list):
        return body
    told: list[JSON] = [_retold(turn, instead) for turn in turns]
    changed = any(new is not old for new, old in zip(told, turns, strict=True))
    return {**body, "messages": told} if changed else body


def _inside(turn: JSON) -> Iterator[Attached]:
    match turn:
        case {"content": list(blocks)}:
            for block in blocks:
                match block:
                    case {"type": "tool_result"}:
                        yield from _inside(block)
                    case dict():
                        yield block
                    case _:
                        pass
        case _:
            pass


def _retold(holder: JSON, instead: Callable[[Attached], str | None]) -> JSON:
    if not isinstance(holder, dict):
        return holder
    content = holder.get("content")
    if not isinstance(content, list):
        return holder
    told: list[JSON] = [_block(block, instead) for block in content]
    if all(new is old for new, old in zip(told, content, strict=True)):
        return holder
    return {**holder, "content": told}


def _block(block: JSON, instead: Callable[[Attached], str | None]) -> JSON:
    match block:
        case {"type": "tool_result"}:
            return _retold(block, instead)
        case {"type": "image" | "document"}:
            words = instead(block) if isinstance(block, dict) else None
            return block if words is None else {"type": "text", "text": words}
        case _:
            return block
