"""The tools that our MCP server lends to a model: each is one of our own commands."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["TOOLS", "BadArgumentError", "Tool", "words_of"]

# A value is a word of a command: it must not be taken for an option.
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")


class BadArgumentError(Exception):
    """An argument of a call is not usable; its message says which, for the model that made it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool."""

    name: str
    title: str
    about: str
    schema: Mapping[str, JSON]
    words: Callable[[Mapping[str, str]], tuple[str, ...]]
    """Makes the command out of the arguments."""
    only_looks: bool = True


def words_of(tool: Tool, arguments: JSON) -> tuple[str, ...]:
    """Return the words of the command that a call stands for. Raise BadArgumentError."""
    given = {} if arguments is None else arguments
    if not isinstance(given, dict):
        raise BadArgumentError("the arguments must be an object")
    known, needed = tool.schema["properties"], tool.schema["required"]
    assert isinstance(known, dict)  # noqa: S101  # our own table
    assert isinstance(needed, list)  # noqa: S101
    checked: dict[str, str] = {}
    for name, value in given.items():
        if name not in known:
            raise BadArgumentError(f"{tool.name} takes no {name!r}")
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            raise BadArgumentError(f"{name} must be a single word, and not an option")
        checked[name] = value
    if missing := [str(name) for name in needed if name not in checked]:
        raise BadArgumentError(f"{tool.name} needs {' and '.join(missing)}")
    return tool.words(checked)


def _schema(required: tuple[str, ...] = (), /, **properties: str) -> Mapping[str, JSON]:
    return {
        "type": "object",
        "properties": {
            name: {"type": "string", "description": about} for name, about in properties.items()
        },
        "required": [*required],
        "additionalProperties": False,
    }


def _status(_given: Mapping[str, str]) -> tuple[str, ...]:
    return ("status",)


_ALL: Final = (
    Tool(
        "status",
        "Who answers now",
        "Says who answers the requests of this conversation now, the cloud or a local model, why,"
        " until when, and which local model would take over.",
        _schema(),
        _status,
    ),
)
TOOLS: Final = {tool.name: tool for tool in _ALL}
"""The tools, by name."""
