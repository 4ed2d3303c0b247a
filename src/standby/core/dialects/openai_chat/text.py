"""What the blocks of a message say in plain words.

Text is itself. What a chat completion has no place for is flattened to text, or named as omitted: a
model that sees a hole with a name on it says so, one that sees nothing makes something up.
"""

from collections.abc import Iterator
from typing import Final

from standby.core.dialects.openai_chat.losses import Losses
from standby.core.dialects.openai_chat.pick import pick
from standby.core.dialects.openai_chat.schemas import bounded
from standby.core.wire.json import JSON, dumps

__all__ = ["PARAGRAPH", "as_json", "blocks", "paragraphs", "system_text", "words"]

PARAGRAPH: Final = "\n\n"

_BILLING: Final = "x-anthropic-billing-header:"
"""How Claude Code's system prompt begins. The line is the cloud's business, and differs from one
conversation to the next, which would cost a local server its whole prefix cache."""

_DEEPEST: Final = 200  # orjson reads 1024 levels and writes 254
_GIST: Final = ("title", "url", "source", "text", "stdout", "stderr", "error_code")
_GIST_DEPTH: Final = 8


def blocks(content: JSON) -> Iterator[JSON]:
    """Yield the blocks of a message's content; a string is one block of text."""
    match content:
        case str(text):
            yield {"type": "text", "text": text}
        case list(items):
            yield from items
        case dict():
            yield content
        case _:
            pass


def paragraphs(content: JSON, losses: Losses) -> str:
    """Return what a content says, its blocks as paragraphs; blank ones do not count."""
    said = (words(block, losses) for block in blocks(content))
    return PARAGRAPH.join(text for text in said if text.strip())


def system_text(system: JSON, losses: Losses) -> str:
    """Return the system prompt without the client's billing line."""
    said = [words(block, losses) for block in blocks(system)]
    if said and said[0].startswith(_BILLING):
        said[0] = said[0].partition("\n")[2]
    return PARAGRAPH.join(text for text in said if text.strip())


def as_json(value: JSON) -> str:
    """Return a value as compact JSON, less what is nested absurdly deep."""
    return dumps(bounded(value, _DEEPEST)).decode()


def words(block: JSON, losses: Losses) -> str:
    """Return what one block says; empty for thinking, which only its own model can use."""
    match block:
        case str(text) | {"type": "text", "text": str(text)}:
            return text
        case {"type": "thinking" | "redacted_thinking"}:
            return ""
        case {"type": "tool_reference", "tool_name": str(name)}:
            return f"[The tool {name} can be used now.]"
        case {"type": "tool_addition", "tool": {"name": str(name)}}:
            return f"[The tool {name} can be used now.]"
        case {"type": "tool_removal", "tool": {"name": str(name)}}:
            return f"[The tool {name} can no longer be used.]"
        case {"type": "image"}:
            losses.note("an image: the model cannot see, or the image is not in the request")
            return "[An image was here; it cannot be shown to this model.]"
        case {"type": "document"}:
            return _document(pick(block, "title"), pick(block, "source"), losses)
        case {"type": "search_result"}:
            return _gist(block)
        case {"type": "compaction", "content": str(summary)}:
            return summary
        case {
            "type": "tool_use" | "server_tool_use" | "mcp_tool_use",
            "name": str(name),
            "input": given,
        }:
            return f"[Called {name} with {as_json(given)}]"
        case {"type": str(kind), "content": content} if kind.endswith("tool_result"):
            return f"[{kind.removesuffix('_tool_result')} gave: {_gist(content)}]"
        case {"type": str(kind)}:
            losses.note(f"a block of type {kind!r}")
            return f"[A block of type {kind} was here; it cannot be shown to this model.]"
        case _:
            losses.note("a block of no type")
            return ""


def _document(title: JSON, source: JSON, losses: Losses) -> str:
    name = f"“{title}”" if isinstance(title, str) and title else "without a title"
    match source:
        case {"type": "text", "data": str(text)}:
            return f"[Document {name}]\n{text}"
        case {"type": "content", "content": content}:
            return f"[Document {name}]\n{paragraphs(content, losses)}"
        case _:
            losses.note("a document that is not plain text")
            return f"[A document {name} was here; it cannot be shown to this model.]"


def _gist(value: JSON) -> str:
    return "\n".join(_found(bounded(value, _GIST_DEPTH)))


def _found(value: JSON) -> Iterator[str]:
    match value:
        case str(text) if text.strip():
            yield text
        case list(items):
            for item in items:
                yield from _found(item)
        case dict(fields):
            said = (fields.get(key) for key in _GIST)
            yield from (text for text in said if isinstance(text, str) and text)
            yield from _found(fields.get("content"))
        case _:
            pass
