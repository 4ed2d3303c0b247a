"""The settings of this machine: a file of the user's, and what the environment overrides.

Nothing is read from the folder that a command is started in: a project must not choose where a
credential goes.
"""

import os
import re
import stat
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from standby.adapters.host.toml_lines import key_lines, line_of
from standby.core.settings import (
    Fault,
    Faults,
    Settings,
    dotted,
    known,
    parse,
    with_environment,
)
from standby.core.settings import Path as Setting

__all__ = ["ConfigError", "Configuration", "read_config"]

_MAX_BYTES: Final = 1024 * 1024
_PLACE: Final = re.compile(r"(?P<why>.*) \(at line (?P<line>[0-9]+), column (?P<column>[0-9]+)\)")


class ConfigError(Exception):
    """The settings cannot be used. Its message has a line for each fault, with file and line."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and where each of them comes from."""

    settings: Settings
    origins: Mapping[str, str]
    """By dotted name: ``default``, ``file:line``, or the environment variable."""
    path: Path
    found: bool
    """Whether there is such a file; none is fine."""


def read_config(
    path: Path, environment: Mapping[str, str], *, required: bool = False
) -> Configuration:
    """Return the settings of a file and the environment. Raise :class:`ConfigError`.

    A file that does not exist counts as empty, unless it is ``required``: named by the user.
    """
    text = _text(path)
    if text is None and required:
        raise ConfigError(f"{path}: there is no such file")
    mapping = _parsed(path, text or "")
    lines = key_lines(text or "")
    merged, variables, faults = with_environment(mapping, environment)
    settings = parse(merged)
    if isinstance(settings, Faults) or faults:
        found = settings.all if isinstance(settings, Faults) else ()
        told = (_told(fault, path, lines, variables) for fault in (*faults, *found))
        raise ConfigError("\n".join(told))
    return Configuration(
        settings=_at_home(settings),
        origins=_origins(path, mapping, lines, variables),
        path=path,
        found=text is not None,
    )


def _text(path: Path) -> str | None:
    try:
        # Not to wait for the other end of a pipe.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{path}: this is not a file")
            if sys.platform != "win32" and status.st_mode & stat.S_IWOTH:
                raise ConfigError(
                    f"{path}: everybody may write it, and it says where credentials go; try"
                    f" chmod o-w {path}"
                )
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: larger than {_MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8") from None


def _parsed(path: Path, text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if place := _PLACE.fullmatch(str(error)):
            where, why = f"{path}:{place['line']}:{place['column']}", place["why"]
        else:
            where, why = f"{path}:{text.count(chr(10)) + 1}", str(error)
        raise ConfigError(f"{where}: this is not TOML: {why}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a very deep nesting
        raise ConfigError(f"{path}: this cannot be read as TOML: {error}") from None


def _told(
    fault: Fault, path: Path, lines: Mapping[Setting, int], variables: Mapping[Setting, str]
) -> str:
    if not fault.path:
        return f"environment: {fault.sentence}"
    if variable := variables.get(fault.path):
        return f"environment: {variable}: {fault.sentence}"
    line = line_of(fault.path, lines)
    return f"{path}:{line}: {fault.sentence}" if line else f"{path}: {fault.sentence}"


def _origins(
    path: Path,
    mapping: Mapping[str, object],
    lines: Mapping[Setting, int],
    variables: Mapping[Setting, str],
) -> Mapping[str, str]:
    return {dotted(one.path): _origin(one.path, path, mapping, lines, variables) for one in known()}


def _origin(
    setting: Setting,
    path: Path,
    mapping: Mapping[str, object],
    lines: Mapping[Setting, int],
    variables: Mapping[Setting, str],
) -> str:
    if variable := variables.get(setting):
        return variable
    section, name = setting
    match mapping.get(str(section)):
        case dict() as table if name in table:
            return f"{path}:{line_of(setting, lines)}"
        case _:
            return "default"


def _at_home(settings: Settings) -> Settings:
    """Return the settings with ``~/`` written out."""
    return replace(
        settings,
        cloud=replace(settings.cloud, ca_file=os.path.expanduser(settings.cloud.ca_file)),
        policy=replace(
            settings.policy,
            projects=tuple(
                replace(project, path=os.path.expanduser(project.path).rstrip("/"))
                for project in settings.policy.projects
            ),
        ),
        local=replace(settings.local, model_path=os.path.expanduser(settings.local.model_path)),
    )
