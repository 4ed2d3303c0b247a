"""The tools that our MCP server lends to a model: each is one of our own commands."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    words: Callable[[Mapping[str, str]], tuple[str, ...]]
    """Makes the command out of the arguments."""
    takes: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each argument, a single word, means."""
    needs: tuple[str, ...] = ()
    only_looks: bool = True

    @property
    def schema(self) -> dict[str, JSON]:
        """The JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": about} for name, about in self.takes.items()
            },
            "required": [*self.needs],
            "additionalProperties": False,
        }


def words_of(tool: Tool, arguments: JSON) -> tuple[str, ...]:
    """Return the words of the command that a call stands for. Raise BadArgumentError."""
    given = {} if arguments is None else arguments
    if not isinstance(given, dict):
        raise BadArgumentError("the arguments must be an object")
    checked: dict[str, str] = {}
    for name, value in given.items():
        if name not in tool.takes:
            raise BadArgumentError(f"{tool.name} takes no {name!r}")
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            raise BadArgumentError(f"{name} must be a single word, and not an option")
        checked[name] = value
    if missing := [name for name in tool.needs if name not in checked]:
        raise BadArgumentError(f"{tool.name} needs {' and '.join(missing)}")
    return tool.words(checked)


def _status(_given: Mapping[str, str]) -> tuple[str, ...]:
    return ("status",)


def _usage(given: Mapping[str, str]) -> tuple[str, ...]:
    options = [(f"--{name}", value) for name, value in given.items()]
    return ("usage", *(word for option in options for word in option))


def _review(given: Mapping[str, str]) -> tuple[str, ...]:
    return ("review", *(("--session", given["session"]) if "session" in given else ()))


def _switch(given: Mapping[str, str]) -> tuple[str, ...]:
    lasting = ("--for", given["for"]) if "for" in given else ()
    return ("use", given["to"], *lasting)


_ALL: Final = (
    Tool(
        "status",
        "Who answers now",
        "Says who answers the requests of this conversation now, the cloud or a local model, why,"
        " until when, and which local model would take over.",
        _status,
    ),
    Tool(
        "usage",
        "What is left of the quota",
        "Says how much of the cloud's quota windows is used, when they reset, how long the rest"
        " lasts at this pace, and what the cloud and local models have answered.",
        _usage,
        {
            "since": "From when on: such as 12h, 7d, today or 2026-11-01.",
            "by": "Taken apart by session, project, model, day or hour.",
        },
    ),
    Tool(
        "review",
        "What a local model changed",
        "Lists the files that a local model changed in a conversation while it stood in for the"
        " cloud, by what its calls of tools say, so that they can be reviewed.",
        _review,
        {"session": "The id of a conversation; without it, the newest one with such changes."},
    ),
    Tool(
        "switch",
        "Choose who answers",
        "Chooses who answers from the next request on. Call it only when the user asks for it.",
        _switch,
        {
            "to": "auto (the cloud while its quota lasts), cloud, local, spare (make the quota last"
            " to its reset), settings (what the settings say), or the name of a local model.",
            "for": "For how long, such as 30min or 2h; without it, until the next switch.",
        },
        needs=("to",),
        only_looks=False,
    ),
)
TOOLS: Final = {tool.name: tool for tool in _ALL}
"""The tools, by name."""
