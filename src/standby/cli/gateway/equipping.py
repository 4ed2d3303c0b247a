"""What Claude Code gets of ours for one run: the plugin, and a status line where it has none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from standby.adapters.host.client_settings import client_settings
from standby.app.client_arguments import client_arguments

if TYPE_CHECKING:  # every command imports this file, and none but `claude` has settings here
    from standby.core.settings import Settings

__all__ = ["PLUGIN", "STATUS_LINE", "equipped", "with_us_on_path"]

PLUGIN: Final = Path(__file__).parents[2] / "plugin"
"""The folder of the plugin, which comes with the package."""
STATUS_LINE: Final = PLUGIN / "status_line.json"
"""Settings of the client that hold a status line and nothing else."""


def equipped(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, settings: Settings
) -> tuple[str, ...]:
    """Return the arguments of Claude Code, with what is ours before the user's own.

    A status line in any settings file that holds for ``folder`` stays; so does one that may be in a
    file which we cannot read.
    """
    files = client_settings(environment, folder)
    has_line = any(file.status_line or file.problem for file in files)
    wants_line = settings.client.status_line and not has_line
    ours = client_arguments(
        arguments,
        plugin=str(PLUGIN) if settings.client.plugin else "",
        status_line=str(STATUS_LINE) if wants_line else "",
    )
    return (*ours, *arguments)


def with_us_on_path(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return an environment in which ``standby`` is found: the plugin calls it by its name.

    Where it is not, the folder of our own program goes last, so that it hides nothing.
    """
    path = environment.get("PATH", os.defpath)
    ours = os.path.dirname(sys.executable)
    if shutil.which("standby", path=path) or not shutil.which("standby", path=ours):
        return environment
    return {**environment, "PATH": os.pathsep.join([path, ours])}
