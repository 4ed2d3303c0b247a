"""What a request says beside its messages: model, limits, system prompt, tools, thinking."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from standby.core.wire.json import JSON
from standby.core.wire.rules.lines import line_of
from standby.core.wire.rules.shapes import cache_control, said

__all__ = ["violations"]

_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_MIN_BUDGET: Final = 1024
_BOTH: Final = (4, 6)
"""The one version that takes both kinds of thinking; earlier ones know budgets, later do not."""


def violations(value: Mapping[str, JSON], *, counting: bool) -> Iterator[str]:
    """Yield what is wrong beside the messages."""
    yield from _model(value)
    if not counting or "max_tokens" in value:
        yield from _max_tokens(value)
    yield from _system(value.get("system"))
    if not isinstance(value.get("stream", False), bool):
        yield "stream: Input should be a valid boolean"
    yield from _tools(value.get("tools"))
    yield from _tool_choice(value.get("tool_choice"))
    yield from _thinking(value.get("thinking"), str(value.get("model")))
    yield from _rest(value)


def _model(value: Mapping[str, JSON]) -> Iterator[str]:
    match value.get("model"):
        case None:
            yield "model: Field required"
        case str(model) if model:
            pass
        case str():
            yield "model: String should have at least 1 character"
        case _:
            yield "model: Input should be a valid string"


def _max_tokens(value: Mapping[str, JSON]) -> Iterator[str]:
    match value.get("max_tokens"):
        case None:
            yield "max_tokens: Field required"
        case bool() | str() | float() | list() | dict():
            yield "max_tokens: Input should be a valid integer"
        case int(count) if count < 1:
            yield "max_tokens: Input should be greater than or equal to 1"


def _system(system: JSON) -> Iterator[str]:
    match system:
        case None | str():
            pass
        case list():
            for at, block in enumerate(system):
                yield from _system_text(block, f"system.{at}")
        case _:
            yield "system: Input should be a valid list"


def _system_text(block: JSON, where: str) -> Iterator[str]:
    if isinstance(block, dict):
        yield from cache_control(block, where)
    match block:
        case {"type": "text", "text": str(text)}:
            yield from said(text, where)
        case _:
            yield f"{where}: Input should be a `text` block"


def _tools(tools: JSON) -> Iterator[str]:
    match tools:
        case None:
            pass
        case list():
            for at, tool in enumerate(tools):
                yield from _tool(tool, f"tools.{at}")
            names = [name for name in map(_name, tools) if name is not None]
            if len(names) > len(set(names)):
                yield "tools: Tool names must be unique."
        case _:
            yield "tools: Input should be a valid list"


def _name(tool: JSON) -> str | None:
    match tool:
        case {"name": str(name)}:
            return name
        case _:
            return None


def _tool(tool: JSON, where: str) -> Iterator[str]:
    match tool:
        case {"type": str(kind)} if kind != "custom":
            pass  # a tool of the server's own: its fields are an open list
        case dict():
            yield from _tool_name(tool.get("name"), f"{where}.custom.name")
            yield from _schema(tool.get("input_schema"), f"{where}.custom.input_schema")
            yield from cache_control(tool, f"{where}.custom")
        case _:
            yield f"{where}: Input should be a valid dictionary"


def _tool_name(name: JSON, where: str) -> Iterator[str]:
    match name:
        case None:
            yield f"{where}: Field required"
        case str() if _TOOL_NAME.fullmatch(name):
            pass
        case _:
            yield f"{where}: String should match pattern '^{_TOOL_NAME.pattern}$'"


def _schema(schema: JSON, where: str) -> Iterator[str]:
    match schema:
        case {"type": "object"}:
            pass
        case {"type": _}:
            yield f"{where}.type: Input should be 'object'"
        case dict():
            yield f"{where}.type: Field required"
        case None:
            yield f"{where}: Field required"
        case _:
            yield f"{where}: Input should be a valid dictionary"


def _tool_choice(choice: JSON) -> Iterator[str]:
    match choice:
        case None | {"type": "auto" | "any" | "none"} | {"type": "tool", "name": str()}:
            pass
        case {"type": "tool"}:
            yield "tool_choice.tool.name: Field required"
        case _:
            yield (
                "tool_choice: Input tag found using 'type' does not match any of the expected "
                "tags: 'auto', 'any', 'tool', 'none'"
            )


def _thinking(thinking: JSON, model: str) -> Iterator[str]:
    match thinking:
        case None | {"type": "between_tools"}:
            pass
        case {"type": "enabled", "budget_tokens": int(budget)} if budget < _MIN_BUDGET:
            yield (
                "thinking.enabled.budget_tokens: Input should be greater than or equal to "
                f"{_MIN_BUDGET}"
            )
        case {"type": "enabled", "budget_tokens": int()}:
            yield from _supported("enabled", model)
        case {"type": "enabled"}:
            yield "thinking.enabled.budget_tokens: Field required"
        case {"type": ("adaptive" | "disabled") as kind}:
            yield from _supported(str(kind), model)
        case _:
            yield (
                "thinking: Input tag found using 'type' does not match any of the expected tags: "
                "'adaptive', 'between_tools', 'disabled', 'enabled'"
            )


def _supported(kind: str, model: str) -> Iterator[str]:
    line = line_of(model)
    if line is None:
        return
    if kind == "adaptive" and line.version < _BOTH:
        yield "adaptive thinking is not supported on this model"
    if kind == "enabled" and line.version > _BOTH:
        yield (
            '"thinking.type.enabled" is not supported for this model. Use '
            '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    if kind == "disabled" and line.name in {"fable", "mythos"}:
        yield '"thinking.type.disabled" is not supported for this model.'


def _rest(value: Mapping[str, JSON]) -> Iterator[str]:
    match value.get("metadata"):
        case None | {"user_id": str() | None}:
            pass
        case dict() as metadata if "user_id" not in metadata:
            pass
        case _:
            yield "metadata.user_id: Input should be a valid string"
    match value.get("stop_sequences"):
        case None:
            pass
        case list(stops) if all(isinstance(stop, str) for stop in stops):
            pass
        case _:
            yield "stop_sequences: Input should be a valid list of strings"
    yield from cache_control(value, "")
