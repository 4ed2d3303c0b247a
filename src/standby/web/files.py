"""The files of the dashboard, as they lie in this package: read once, served as they are."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

__all__ = ["File", "page_files"]

_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOLDERS: Final = ("static", "vendor")


@dataclass(frozen=True, slots=True)
class File:
    """One file."""

    kind: str
    """Its media type."""
    data: bytes
    tag: str
    """What changes when it changes, as an ``ETag``."""


def page_files() -> dict[str, File]:
    """Return every file that a browser may ask for, by its path below the dashboard's own."""
    root = files(__package__)
    found = {path: file for name in _FOLDERS for path, file in _below(root / name, name)}
    return dict(sorted(found.items()))


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, File]]:
    for entry in folder.iterdir():
        within = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _below(entry, within)
        elif kind := _TYPES.get(entry.name.rpartition(".")[2]):
            data = entry.read_bytes()
            yield within, File(kind, data, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
