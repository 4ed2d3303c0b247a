"""The shape of every block, each by itself, and in whose turns it may stand."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from standby.core.wire.json import JSON
from standby.core.wire.rules.shapes import cache_control, said

__all__ = ["violations"]

_Block: TypeAlias = "Mapping[str, JSON]"

_ID: Final = re.compile(r"[a-zA-Z0-9_-]+")
_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

# The content blocks of the SDK's request types, the beta ones included.
_USER: Final = frozenset(
    {"text", "image", "document", "search_result", "tool_result", "container_upload"}
    | {"mcp_tool_result", "tool_addition", "tool_removal", "compaction"}
)
_SYSTEM: Final = frozenset({"text", "tool_addition", "tool_removal"})
_ASSISTANT: Final = frozenset(
    {"text", "thinking", "redacted_thinking", "tool_use", "container_upload", "compaction"}
    | {"server_tool_use", "web_search_tool_result", "web_fetch_tool_result", "fallback"}
    | {"code_execution_tool_result", "bash_code_execution_tool_result"}
    | {"text_editor_code_execution_tool_result", "tool_search_tool_result"}
    | {"mcp_tool_use", "mcp_tool_result", "mcp_tool_listing", "advisor_tool_result"}
    | {"tool_addition", "tool_removal"}
)
_IN: Final[Mapping[str, frozenset[str]]] = {
    "user": _USER,
    "assistant": _ASSISTANT,
    "system": _SYSTEM,
}
_IN_RESULT: Final = frozenset(
    {"text", "image", "search_result", "document", "tool_reference", "browser_state"}
)


def violations(messages: Sequence[JSON]) -> Iterator[str]:
    """Yield what is wrong with each message by itself."""
    for at, message in enumerate(messages):
        where = f"messages.{at}"
        match message:
            case {"role": ("user" | "assistant" | "system") as role, "content": content}:
                yield from _content(content, _IN[str(role)], f"{where}.content")
            case {"role": "user" | "assistant" | "system"}:
                yield f"{where}.content: Field required"
            case {"role": _}:
                yield f"{where}.role: Input should be 'user', 'assistant' or 'system'"
            case dict():
                yield f"{where}.role: Field required"
            case _:
                yield f"{where}: Input should be a valid dictionary"


def _content(content: JSON, allowed: frozenset[str], where: str) -> Iterator[str]:
    match content:
        case str():
            if content:  # that a turn has content at all is a rule of turns
                yield from said(content, where)
        case list():
            for at, block in enumerate(content):
                yield from _block(block, allowed, f"{where}.{at}")
        case _:
            yield f"{where}: Input should be a valid list"


def _block(block: JSON, allowed: frozenset[str], where: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f"{where}: Input should be a valid dictionary"
        return
    match block.get("type"):
        case str(kind) if kind in allowed:
            yield from _SHAPES.get(kind, _any_shape)(block, f"{where}.{kind}")
            yield from cache_control(block, f"{where}.{kind}")
        case str(kind):
            expected = ", ".join(repr(one) for one in sorted(allowed))
            yield (
                f"{where}: Input tag '{kind}' found using 'type' does not match any of the "
                f"expected tags: {expected}"
            )
        case _:
            yield f"{where}.type: Field required"


def _any_shape(_block: _Block, _where: str) -> Iterator[str]:
    """Find nothing: these blocks come from the API itself and their fields are its own."""
    yield from ()


def _text(block: _Block, where: str) -> Iterator[str]:
    yield from _string(block, "text", where)
    if isinstance(text := block.get("text"), str):
        yield from said(text, where.removesuffix(".text"))


def _image(block: _Block, where: str) -> Iterator[str]:
    match block.get("source"):
        case {"type": "base64", "media_type": str(media), "data": str()} if media in _IMAGES:
            pass
        case {"type": "base64", "media_type": str(media), "data": str()}:
            expected = ", ".join(repr(one) for one in sorted(_IMAGES))
            yield f"{where}.source.base64.media_type: Input should be one of {expected}"
        case {"type": "url", "url": str()} | {"type": "file", "file_id": str()}:
            pass
        case source:
            yield from _source(source, ("base64", "url", "file"), where)


def _document(block: _Block, where: str) -> Iterator[str]:
    match block.get("source"):
        case (
            {"type": "base64", "media_type": "application/pdf", "data": str()}
            | {"type": "text", "media_type": "text/plain", "data": str()}
            | {"type": "content", "content": str() | list()}
            | {"type": "url", "url": str()}
            | {"type": "file", "file_id": str()}
        ):
            pass
        case source:
            yield from _source(source, ("base64", "text", "content", "url", "file"), where)


def _source(source: JSON, kinds: Sequence[str], where: str) -> Iterator[str]:
    match source:
        case {"type": str(kind)} if kind in kinds:
            yield f"{where}.source.{kind}: Field required, or of the wrong type"
        case {"type": str(kind)}:
            expected = ", ".join(map(repr, kinds))
            yield (
                f"{where}.source: Input tag '{kind}' found using 'type' does not match any of the "
                f"expected tags: {expected}"
            )
        case _:
            yield f"{where}.source: Field required"


def _tool_use(block: _Block, where: str) -> Iterator[str]:
    yield from _id(block, "id", where)
    yield from _string(block, "name", where)
    match block:
        case {"input": dict()}:
            pass
        case {"input": _}:
            yield f"{where}.input: Input should be a valid dictionary"
        case _:
            yield f"{where}.input: Field required"


def _tool_result(block: _Block, where: str) -> Iterator[str]:
    yield from _id(block, "tool_use_id", where)
    match block.get("content"):
        case None | str():
            pass
        case list(parts):
            for at, part in enumerate(parts):
                yield from _result_part(part, f"{where}.content.{at}")
        case _:
            yield f"{where}.content: Input should be a valid list"
    if not isinstance(block.get("is_error"), bool | None):
        yield f"{where}.is_error: Input should be a valid boolean"


def _result_part(part: JSON, where: str) -> Iterator[str]:
    match part:
        case {"type": "text", "text": str()}:
            pass  # that a result's text may be empty is not refuted by any report
        case _:
            yield from _block(part, _IN_RESULT, where)


def _thinking(block: _Block, where: str) -> Iterator[str]:
    yield from _string(block, "thinking", where)
    yield from _string(block, "signature", where)


def _redacted(block: _Block, where: str) -> Iterator[str]:
    yield from _string(block, "data", where)


def _id(block: _Block, name: str, where: str) -> Iterator[str]:
    match block.get(name):
        case str(value) if not _ID.fullmatch(value):
            yield f"{where}.{name}: String should match pattern '^{_ID.pattern}$'"
        case _:
            yield from _string(block, name, where)


def _string(block: _Block, name: str, where: str) -> Iterator[str]:
    match block.get(name):
        case str():
            pass
        case None:
            yield f"{where}.{name}: Field required"
        case _:
            yield f"{where}.{name}: Input should be a valid string"


_SHAPES: Final[Mapping[str, Callable[[_Block, str], Iterator[str]]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
}
