"""Tools: which are offered, under which names, and whether one must be called.

The list must stay the same from turn to turn, or the server's prefix cache is lost: deferred tools
stand behind the others, in the order in which the conversation loaded them, so that loading one
more only adds to the end.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.dialects.openai_chat.losses import Losses
from standby.core.dialects.openai_chat.pick import pick
from standby.core.dialects.openai_chat.schemas import bounded, for_grammar, object_schema
from standby.core.dialects.openai_chat.text import as_json, blocks
from standby.core.wire.json import JSON
from standby.core.wire.tools import PLACEHOLDER, named_in

__all__ = ["Choice", "Tool", "arguments", "choose", "offered", "wire_name", "written"]

_TEXT_ONLY: Final = "CRITICAL: Respond with TEXT ONLY"
"""How Claude Code's request for a summary begins: tools are attached to it, but a call fails it."""

_ODD: Final = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME: Final = 64
_HASH_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool that the client runs."""

    name: str
    description: str
    schema: JSON
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tools may be called, and whether one must be."""

    tools: tuple[Tool, ...]
    allowed: bool = True
    required: bool = False
    one_at_a_time: bool = False


def wire_name(name: str) -> str:
    """Return the name as chat completions allow it: ``[a-zA-Z0-9_-]{1,64}``.

    It depends on the name alone, so that it never changes within a conversation.
    """
    if 0 < len(name) <= _LONGEST_NAME and not _ODD.search(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", errors="replace")).hexdigest()[:_HASH_DIGITS]
    kept = _ODD.sub("_", name)[: _LONGEST_NAME - _HASH_DIGITS - 1]
    return f"{kept}_{digest}"


def arguments(value: JSON) -> str:
    """Return the input of an earlier call as the string that chat completions want.

    Clients hand back what a model made of it, which need not be an object; servers insist on one.
    """
    match value:
        case dict():
            return as_json(value)
        case None:
            return "{}"
        case _:
            return as_json({"input": value})


def offered(request: Mapping[str, JSON], losses: Losses) -> tuple[Tool, ...]:
    """Return the tools that the model gets to see, in an order that only ever grows at the end."""
    tools = _read(request.get("tools"), losses)
    forced = request.get("tool_choice")
    mentioned = [*_mentioned(request.get("messages"))]
    match forced:
        case {"type": "tool", "name": str(name)}:
            mentioned.append(name)
        case _:
            pass
    loaded = [
        tool
        for name in dict.fromkeys(mentioned)
        if (tool := tools.get(name)) is not None and tool.deferred
    ]
    return (*(tool for tool in tools.values() if not tool.deferred), *loaded)


def choose(request: Mapping[str, JSON], tools: tuple[Tool, ...], losses: Losses) -> Choice:
    """Return what the request says about calling them.

    A named tool is offered alone: llama.cpp takes a named ``tool_choice`` for ``auto``.
    """
    if not tools:
        return Choice((), allowed=False)
    choice = request.get("tool_choice")
    match choice:
        case {"type": "none"}:
            return Choice(tools, allowed=False)
        case {"type": "any"}:
            return Choice(tools, required=True, one_at_a_time=_one(choice))
        case {"type": "tool", "name": str(name)}:
            only = tuple(tool for tool in tools if tool.name == name)
            if not only:
                losses.note(f"tool_choice: no tool is named {name!r}")
            return Choice(only or tools, required=True, one_at_a_time=True)
        case _:
            return Choice(tools, allowed=not _wants_text(request), one_at_a_time=_one(choice))


def written(tool: Tool, *, grammar: bool) -> JSON:
    """Return the tool as chat completions define one."""
    schema = for_grammar(tool.schema) if grammar else object_schema(bounded(tool.schema))
    return {
        "type": "function",
        "function": {
            "name": wire_name(tool.name),
            "description": tool.description,
            "parameters": schema,
        },
    }


def _read(tools: JSON, losses: Losses) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for tool in tools if isinstance(tools, list) else []:
        match tool:
            case {"name": str(name)} if name == PLACEHOLDER:
                pass
            case {"name": str(name), "input_schema": schema} if name:
                said = pick(tool, "description")
                found.setdefault(
                    name,
                    Tool(
                        name=name,
                        description=said if isinstance(said, str) else "",
                        schema=schema,
                        deferred=pick(tool, "defer_loading") is True,
                    ),
                )
            case {"type": str(kind)}:
                losses.note(f"the tool {kind!r}, which only the cloud can run")
            case _:
                losses.note("a tool without a name or a schema")
    return found


def _mentioned(messages: JSON) -> Iterator[str]:
    """Yield the names of tools that the conversation has loaded or called, in order."""
    for message in messages if isinstance(messages, list) else []:
        match message:
            case {"content": content}:
                for block in blocks(content):
                    yield from named_in(block)
            case _:
                pass


def _one(choice: JSON) -> bool:
    return pick(choice, "disable_parallel_tool_use") is True


def _wants_text(request: Mapping[str, JSON]) -> bool:
    """Tell whether the last thing a person's client said is that it wants a summary, in text."""
    messages = request.get("messages")
    users: list[JSON] = []
    for message in messages if isinstance(messages, list) else []:
        match message:
            case {"role": "user", "content": content}:
                users = [*blocks(content)]
            case _:
                pass
    return any(
        isinstance(text := pick(block, "text"), str) and text.startswith(_TEXT_ONLY)
        for block in users
    )
