"""What Claude Code's own settings files say that concerns us. Here they are only read."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from standby.core.wire.json import NotJSONError, loads

__all__ = ["ClientSettings", "client_settings"]

_MAX_BYTES: Final = 1024 * 1024
_MANAGED: Final = {
    "darwin": Path("/Library/Application Support/ClaudeCode/managed-settings.json"),
    "win32": Path("C:/Program Files/ClaudeCode/managed-settings.json"),
}
_MANAGED_ELSEWHERE: Final = Path("/etc/claude-code/managed-settings.json")


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """One settings file of the client, and what its ``env`` sets: that wins over the shell."""

    path: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    status_line: bool = False
    """Whether it has a status line."""
    problem: str = ""
    """Why it could not be read; empty when it was."""


def client_settings(
    environment: Mapping[str, str], folder: Path | None
) -> tuple[ClientSettings, ...]:
    """Return the settings files that exist, for a client started in ``folder``, strongest first."""
    return tuple(read for path in _places(environment, folder) if (read := _read(path)))


def _places(environment: Mapping[str, str], folder: Path | None) -> Iterator[Path]:
    yield _MANAGED.get(sys.platform, _MANAGED_ELSEWHERE)
    if folder is not None:
        yield folder / ".claude" / "settings.local.json"
        yield folder / ".claude" / "settings.json"
    own = environment.get("CLAUDE_CONFIG_DIR", "")
    yield (Path(own) if own else Path(os.path.expanduser("~")) / ".claude") / "settings.json"


def _read(path: Path) -> ClientSettings | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
        value = loads(data)
    except OSError as error:
        return ClientSettings(path, problem=f"it cannot be read: {error.strerror}")
    except NotJSONError as error:
        return ClientSettings(path, problem=f"it is not JSON: {error}")
    match value:
        case {"env": dict() as variables}:
            texts = {name: text for name, text in variables.items() if isinstance(text, str)}
        case _:
            texts = {}
    return ClientSettings(path, texts, isinstance(value, dict) and "statusLine" in value)
