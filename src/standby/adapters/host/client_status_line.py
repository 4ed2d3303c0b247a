"""The status line in the client's own settings: put there when a person asks for it, and taken out.

What else is in the file stays as it is, to the letter. A status line of the user's own is never
replaced.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from standby.adapters.host.json_members import members, with_member, without_member
from standby.core.wire.json import JSON

__all__ = ["NAME", "StatusLineError", "is_ours", "own_settings", "put", "taken_out", "value"]

NAME: Final = "statusLine"
REFRESH_S: Final = 5
"""How often the client asks again by itself; it also does after each answer."""
_OURS: Final = "standby statusline"
_ALONE: Final = "{}\n"


class StatusLineError(Exception):
    """The settings cannot be changed; its message says why, and ``hint`` what to do."""

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.hint = hint


def own_settings(environment: Mapping[str, str]) -> Path:
    """Return the settings file of the user, as opposed to a project's or an administrator's."""
    own = environment.get("CLAUDE_CONFIG_DIR", "")
    return (Path(own) if own else Path(os.path.expanduser("~")) / ".claude") / "settings.json"


def value(command: str) -> dict[str, JSON]:
    """Return the setting, with the command that prints the line."""
    return {"type": "command", "command": command, "refreshInterval": REFRESH_S}


def is_ours(setting: JSON) -> bool:
    """Whether a status line is one that we have put there."""
    match setting:
        case {"command": str(command)}:
            return command.endswith(_OURS)
        case _:
            return False


def put(path: Path, command: str) -> Literal["put", "there already"]:
    """Put the line into a settings file, made if need be. Raise :class:`StatusLineError`."""
    text = _read(path)
    found = _found(path, text or _ALONE)
    if found is not None and not is_ours(found):
        raise StatusLineError(
            f"{path} has a status line of your own, which stays as it is",
            "Call `standby statusline` in your own command, with the same JSON on stdin, or take"
            f" `{NAME}` out of the file first.",
        )
    if found == value(command):
        return "there already"
    _write(path, with_member(without_member(text or _ALONE, NAME), NAME, value(command)), text)
    return "put"


def taken_out(path: Path) -> bool:
    """Take our line out of a settings file; say whether it was there. Raise StatusLineError."""
    text = _read(path)
    if text is None or not is_ours(_found(path, text)):
        return False
    left = without_member(text, NAME)
    if left.strip() == _ALONE.strip() and not path.is_symlink():
        path.unlink()
    else:
        _write(path, left, text)
    return True


def _found(path: Path, text: str) -> JSON:
    try:
        return next((one.value for one in members(text) if one.name == NAME), None)
    except (ValueError, RecursionError) as error:
        raise StatusLineError(
            f"{path} is not JSON: {error}", "Mend it, or put the line in by hand."
        ) from None


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise StatusLineError(f"{path} is not UTF-8") from None


def _write(path: Path, text: str, before: str | None) -> None:
    """Put a text in place of what was read: the client sees the old file or the new one."""
    target = path.resolve()  # people keep their settings under version control
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.standby")
    beside.write_bytes(text.encode())
    try:
        if before is not None:
            beside.chmod(target.stat().st_mode)
        if _read(target) != before:
            raise StatusLineError(f"{path} was changed meanwhile", "Run this again.")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
