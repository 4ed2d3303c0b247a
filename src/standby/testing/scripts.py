"""What the fake cloud answers: a script turns a conversation into a turn.

The default script, :func:`agent`, obeys two commands in what the user writes, with whatever tools
the client offers for them, so that a real client can be led through a real session::

    write notes.txt with hello
    run ls -l

It says anything else in one sentence that names the cloud and counts its turns.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from standby.core.wire.json import JSON, dumps

__all__ = ["Block", "Conversation", "Redacted", "Script", "Text", "Thinking", "ToolUse", "agent"]


@dataclass(frozen=True, slots=True)
class Text:
    """Words for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """Words of the model to itself; the cloud signs them."""

    thinking: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """Thinking that nobody may read."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool that the client offers."""

    name: str
    input: Mapping[str, JSON]


Block: TypeAlias = Text | Thinking | Redacted | ToolUse


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request as a script sees it."""

    value: Mapping[str, JSON]
    turn: int
    """Which answer of this cloud is asked for; the first is 1."""

    @property
    def thinks(self) -> bool:
        """Whether the client asked for thinking."""
        match self.value.get("thinking"):
            case {"type": "enabled" | "adaptive"}:
                return True
            case _:
                return False

    @property
    def tools(self) -> dict[str, tuple[str, ...]]:
        """The names of the offered tools, each with the names of its inputs."""
        match self.value.get("tools"):
            case list(tools):
                return dict(found for found in map(_tool, tools) if found)
            case _:
                return {}

    @property
    def asked(self) -> Sequence[JSON]:
        """The blocks of the last turn of the user."""
        messages = self.value.get("messages")
        for message in reversed(messages if isinstance(messages, list) else []):
            match message:
                case {"role": "user", "content": str(text)}:
                    return [{"type": "text", "text": text}]
                case {"role": "user", "content": list(blocks)}:
                    return blocks
                case _:
                    pass
        return []

    @property
    def words(self) -> str:
        """What the user wrote last, without what the client put around it."""
        said = [text for text in map(_text, self.asked) if text is not None]
        own = [text for text in said if not text.lstrip().startswith("<system-reminder>")]
        return own[-1] if own else ""

    @property
    def results(self) -> list[str]:
        """What the tools answered last."""
        return [result for result in map(_result, self.asked) if result is not None]


Script: TypeAlias = Callable[[Conversation], Sequence[Block]]
"""Makes a turn out of a conversation; the same for the same conversation and count."""

_WRITE: Final = re.compile(
    r"\bwrite `?(?P<file>[^\s`]+)`? with (?P<content>.+?)(?:, then\b|$)", re.MULTILINE
)
_RUN: Final = re.compile(r"\brun (?P<command>.+?)(?:, then\b|$)", re.MULTILINE)
_EXCERPT: Final = 80


def agent(conversation: Conversation) -> Sequence[Block]:
    """Obey the commands in what the user wrote, report what the tools said, or say a sentence."""
    return [*_thoughts(conversation), *_deeds(conversation)]


def _thoughts(conversation: Conversation) -> Iterator[Block]:
    if conversation.thinks:
        yield Thinking(f"Turn {conversation.turn}: let me see what is to be done here.")


def _deeds(conversation: Conversation) -> Sequence[Block]:
    turn = conversation.turn
    if results := conversation.results:
        return [Text(f"The cloud, turn {turn}: done. The tool said: {results[-1][:_EXCERPT]}")]
    if schema := _wanted_json(conversation.value):
        return [Text(schema)]
    if calls := list(_calls(conversation)):
        return [Text(f"The cloud, turn {turn}: I will do that."), *calls]
    return [Text(f"The cloud, turn {turn}: you are connected to the rehearsal cloud.")]


def _calls(conversation: Conversation) -> Iterator[ToolUse]:
    for found in _WRITE.finditer(conversation.words):
        yield from _call(
            conversation,
            ("write",),
            {"path": found["file"], "file": found["file"], "content": found["content"]},
        )
    for found in _RUN.finditer(conversation.words):
        command = found["command"].strip("`")
        yield from _call(
            conversation,
            ("bash", "run", "shell"),
            {"command": command, "cmd": command, "description": "Runs the command"},
        )


def _call(
    conversation: Conversation, names: Sequence[str], values: Mapping[str, str]
) -> Iterator[ToolUse]:
    """Yield a call of the first tool whose name tells that it is for this."""
    for tool, inputs in conversation.tools.items():
        if any(name in tool.lower() for name in names):
            filled = {wanted: _fill(wanted, values) for wanted in inputs}
            yield ToolUse(tool, {name: value for name, value in filled.items() if value})
            return


def _fill(wanted: str, values: Mapping[str, str]) -> str:
    return next((value for part, value in values.items() if part in wanted), "")


def _wanted_json(value: Mapping[str, JSON]) -> str:
    """Return the smallest object of the form that the client asked for; empty when it did not."""
    match value:
        case {"output_config": {"format": {"schema": {"properties": dict(properties)}}}}:
            return dumps(dict.fromkeys(properties, "Rehearsal")).decode()
        case _:
            return ""


def _tool(tool: JSON) -> tuple[str, tuple[str, ...]] | None:
    match tool:
        case {"name": str(name), "input_schema": {"properties": dict(properties)}}:
            return name, tuple(properties)
        case {"name": str(name)}:
            return name, ()
        case _:
            return None


def _text(block: JSON) -> str | None:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case _:
            return None


def _result(block: JSON) -> str | None:
    match block:
        case {"type": "tool_result", "content": str(text)}:
            return text
        case {"type": "tool_result", "content": list(parts)}:
            return " ".join(text for text in map(_text, parts) if text is not None)
        case {"type": "tool_result"}:
            return ""
        case _:
            return None
