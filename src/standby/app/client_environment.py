"""What a client needs in its environment to speak to the gateway, and what would overrule it.

Only the environment of a child process is ever set: no file of a client is written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from standby.core.policy.names import ANY
from standby.core.redact import Secret

__all__ = [
    "BASE_URL",
    "HEADERS",
    "Overruled",
    "client_variables",
    "elsewhere",
    "foreign_base_url",
    "overruled",
]

BASE_URL: Final = "ANTHROPIC_BASE_URL"
HEADERS: Final = "ANTHROPIC_CUSTOM_HEADERS"
_TOKEN_HEADER: Final = "x-standby-token"  # noqa: S105  # the name of a header
_PROJECT_HEADER: Final = "x-standby-project"

_OURS: Final = frozenset({_TOKEN_HEADER, _PROJECT_HEADER})

_HELPFUL: Final = {
    # Claude Code then names the kind of each request: turn, subagent, compaction.
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
    # Its `/model` menu then lists the local models, too.
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
    # A local model may read a long prompt for minutes: these four together make Claude Code 2.1.330
    # wait for it. Half an hour is the most that it accepts for the first two.
    "CLAUDE_STREAM_IDLE_TIMEOUT_MS": "1800000",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "1800000",
    "API_FORCE_IDLE_TIMEOUT": "0",
    "API_TIMEOUT_MS": "3000000",
}
# One more row of its `/model` menu. With a claude.ai login it does not ask for a list (2.1.330).
_ROW: Final = "ANTHROPIC_CUSTOM_MODEL_OPTION"
_ROW_SAYS: Final = "On this machine, whatever the quota"
# With one of these Claude Code speaks to another provider, whatever its base URL.
_ELSEWHERE: Final = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
_OFF: Final = ("", "0", "false")


@dataclass(frozen=True, slots=True)
class Overruled:
    """A setting of the client that wins over what the gateway's launcher sets."""

    source: str
    """The file that has it, or ``environment``."""
    variable: str
    why: str


def client_variables(
    environment: Mapping[str, str],
    *,
    url: str,
    token: Secret,
    project: str = "",
    stand_in: str = "",
) -> Mapping[str, str]:
    """Return the variables to set for a client; all others stay as they are.

    The user's own choice of a helpful variable stands, and so do the user's own headers.
    ``project`` is the folder that the client works in: the gateway keeps it to itself.
    ``stand_in`` is what the local model is called that would answer; empty: there is none.
    """
    helpful = {name: value for name, value in _HELPFUL.items() if name not in environment}
    return {
        **helpful,
        **(_row(stand_in) if stand_in and _ROW not in environment else {}),
        BASE_URL: url,
        HEADERS: _headers(environment.get(HEADERS, ""), token, project),
    }


def _row(stand_in: str) -> Mapping[str, str]:
    return {_ROW: ANY, f"{_ROW}_NAME": stand_in, f"{_ROW}_DESCRIPTION": _ROW_SAYS}


def foreign_base_url(environment: Mapping[str, str], *, url: str, cloud_url: str) -> str | None:
    """Return the base URL of the environment when it is neither the gateway nor its cloud."""
    said = environment.get(BASE_URL, "").strip().rstrip("/")
    return said if said and said not in (url.rstrip("/"), cloud_url.rstrip("/")) else None


def overruled(source: str, variables: Mapping[str, str], *, url: str) -> Iterator[Overruled]:
    """Yield what in a client's own settings keeps its requests from the gateway at ``url``."""
    said = variables.get(BASE_URL)
    if said is not None and said.strip().rstrip("/") != url.rstrip("/"):
        yield Overruled(source, BASE_URL, "its requests go there, past the gateway")
    headers = variables.get(HEADERS)
    if headers is not None and not any(
        _name(line) == _TOKEN_HEADER for line in headers.split("\n")
    ):
        yield Overruled(source, HEADERS, "the gateway's token is lost")
    yield from elsewhere(source, variables)


def elsewhere(source: str, variables: Mapping[str, str]) -> Iterator[Overruled]:
    """Yield the variables that send a client to another provider."""
    for variable in _ELSEWHERE:
        if variables.get(variable, "").strip().lower() not in _OFF:
            yield Overruled(source, variable, "its requests go to another provider")


def _headers(said: str, token: Secret, project: str) -> str:
    """Return the user's lines as they were, and ours after them, once."""
    ours = {_TOKEN_HEADER: token.reveal()}
    if project:  # folders may have any name, headers hold plain letters only
        ours[_PROJECT_HEADER] = quote(project, safe="/:\\ ")
    theirs = [line for line in said.split("\n") if line.strip() and _name(line) not in _OURS]
    return "\n".join([*theirs, *(f"{name}: {value}" for name, value in ours.items())])


def _name(line: str) -> str:
    return line.partition(":")[0].strip().lower()
