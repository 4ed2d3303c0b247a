"""The git remotes of a folder, read from its own files. No program is run."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["git_remotes"]

_MAX_BYTES: Final = 256 * 1024
_URL: Final = re.compile(r"^\s*(?:url|pushurl)\s*=\s*\"?([^\"\r\n#;]+)", re.MULTILINE)
_POINTER: Final = re.compile(r"gitdir:\s*(.+)")
_MOST: Final = 16


def git_remotes(project: str) -> tuple[str, ...]:
    """Return the URLs of the remotes of the repository that a folder lies in; empty: none."""
    if not project:
        return ()
    place = Path(project)
    if not place.is_absolute():
        return ()
    for folder in (place, *place.parents):
        if text := _config(folder / ".git"):
            return tuple(url.strip() for url in _URL.findall(text))[:_MOST]
    return ()


def _config(git: Path) -> str:
    """Return the configuration of a repository, of a work tree beside it too."""
    for folder in _folders(git):
        if text := _read(folder / "config"):
            return text
    return ""


def _folders(git: Path) -> Iterator[Path]:
    yield git
    if pointer := _POINTER.match(_read(git)):
        beside = git.parent / pointer[1].strip()
        yield beside
        if common := _read(beside / "commondir").strip():
            yield beside / common


def _read(path: Path) -> str:
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_MAX_BYTES).decode(errors="replace")
    return ""
