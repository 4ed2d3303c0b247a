"""Whether a llama.cpp on PATH is new enough for what standby asks of it."""

import re
from collections.abc import Iterator
from typing import Final

from standby.cli.doctor.findings import Finding, ok, warn

__all__ = ["program_on_path"]

# October 2025: its server keeps the prompts of conversations that rest in the machine's memory
# (llama.cpp, pull request 16391). Before that, whoever is asked between two turns pushes them out.
_WANTED_BUILD: Final = 6750
_BUILD: Final = re.compile(r"build (?P<new>\d+)|llama\.cpp (?P<old>\d+) \(")


def program_on_path(version: str) -> Iterator[Finding]:
    """Say what there is, by its own words; nothing where there is none, or it says nothing."""
    if not version:
        return
    check, found = "llama.cpp", _BUILD.search(version)
    build = int(found["new"] or found["old"]) if found else 0
    if 0 < build < _WANTED_BUILD:
        yield warn(
            check,
            f"there is {version} on PATH, from before b{_WANTED_BUILD}: it forgets the prompt of a"
            " conversation when another one is answered",
            "Update it: `brew upgrade llama.cpp`, `winget upgrade llama.cpp`, or a newer archive.",
        )
    else:
        yield ok(check, f"there is {version} on PATH")
