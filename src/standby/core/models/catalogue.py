"""The catalogue of models that are worth fetching: what each is, where it is, what it takes.

It is data with a date, read strictly: a name becomes a path and a repository becomes an address, so
neither may hold anything but the letters they need.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from standby.core.models.fit import Shape
from standby.core.wire.json import JSON

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Entry",
    "Source",
    "catalogue_json",
    "is_safe_name",
    "read_catalogue",
    "source_of",
]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_REPO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION: Final = re.compile(r"[0-9a-f]{40}|main")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DATE: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")
_SOURCE: Final = re.compile(
    r"(?P<repo>[^/@\s]+/[^/@\s]+)/(?P<file>[^/@\s]+)(@(?P<revision>[^@\s]+))?"
)


class CatalogueError(ValueError):
    """A catalogue that cannot be used; its message says which entry, and why."""


def is_safe_name(name: str) -> bool:
    """Whether a name can be a file's, and nothing but a file's in the folder that we choose."""
    return _NAME.fullmatch(name) is not None and ".." not in name and not name.endswith(".")


@dataclass(frozen=True, slots=True)
class Source:
    """One file in one revision of one repository of the hub."""

    repo: str
    file: str
    revision: str = "main"
    """A commit, or ``main``: whatever the newest is when it is fetched."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that is worth fetching."""

    name: str
    """By which it is fetched and chosen."""
    title: str
    family: str
    repo: str
    revision: str
    file: str
    quantisation: str
    size_bytes: int
    sha256: str | None
    """``None``: what the hub says of it when it is first fetched is believed, and recorded."""
    licence: str
    context_tokens: int
    kv_values_per_token: int
    active_billions: float
    mixture: bool
    vision: bool
    tools: str
    """How well it calls tools: ``good``, ``fair`` or ``unverified``."""
    quality: int
    """Its order among the others, from published scores; higher is better, a few points are not."""
    ollama: str
    """What Ollama calls it; empty: it does not have it, as far as is known."""
    note: str
    sources: tuple[str, ...]
    """Where these facts come from."""

    @property
    def source(self) -> Source:
        """Where its file is."""
        return Source(self.repo, self.file, self.revision)

    @property
    def shape(self) -> Shape:
        """What of it takes memory and time."""
        return Shape(self.size_bytes, self.kv_values_per_token, self.active_billions, self.mixture)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models, and the day when they were looked up."""

    dated: str
    entries: tuple[Entry, ...]

    def named(self, name: str) -> Entry | None:
        """Return the model of that name, whatever its case."""
        return next((entry for entry in self.entries if entry.name == name.lower()), None)


def source_of(text: str) -> Source | None:
    """Read ``OWNER/REPO/FILE.gguf``, ``@REVISION`` behind it if wanted; ``None``: it is not."""
    found = _SOURCE.fullmatch(text)
    if found is None:
        return None
    source = Source(found["repo"], found["file"], found["revision"] or "main")
    return source if not _source_faults(source) else None


def read_catalogue(value: JSON) -> Catalogue:
    """Return the catalogue that JSON describes. Raise :class:`CatalogueError`."""
    match value:
        case {"dated": str(dated), "models": [*models]} if _DATE.fullmatch(dated):
            entries = tuple(_entry(model, place) for place, model in enumerate(models))
        case _:
            raise CatalogueError("a catalogue has a date `dated` and a list `models`")
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise CatalogueError("two models of the catalogue have one name")
    return Catalogue(dated, entries)


def catalogue_json(catalogue: Catalogue) -> dict[str, JSON]:
    """Return a catalogue as JSON; :func:`read_catalogue` gives it back."""
    return {
        "dated": catalogue.dated,
        "models": [_entry_json(entry) for entry in catalogue.entries],
    }


def _entry_json(entry: Entry) -> dict[str, JSON]:
    return {
        **{one.name: getattr(entry, one.name) for one in fields(entry) if one.name != "sources"},
        "sources": list(entry.sources),
    }


def _entry(value: JSON, place: int) -> Entry:
    match value:
        case {
            "name": str(name),
            "title": str(title),
            "family": str(family),
            "repo": str(repo),
            "revision": str(revision),
            "file": str(file),
            "quantisation": str(quantisation),
            "size_bytes": int(size_bytes),
            "sha256": str() | None as sha256,
            "licence": str(licence),
            "context_tokens": int(context_tokens),
            "kv_values_per_token": int(kv_values),
            "active_billions": int() | float() as active,
            "mixture": bool(mixture),
            "vision": bool(vision),
            "tools": "good" | "fair" | "unverified" as tools,
            "quality": int(quality),
            "ollama": str(ollama),
            "note": str(note),
            "sources": [*sources],
        }:
            entry = Entry(
                name=name,
                title=title,
                family=family,
                repo=repo,
                revision=revision,
                file=file,
                quantisation=quantisation,
                size_bytes=size_bytes,
                sha256=sha256,
                licence=licence,
                context_tokens=context_tokens,
                kv_values_per_token=kv_values,
                active_billions=float(active),
                mixture=mixture,
                vision=vision,
                tools=tools,
                quality=quality,
                ollama=ollama,
                note=note,
                sources=tuple(each for each in sources if isinstance(each, str)),
            )
        case _:
            raise CatalogueError(f"model {place + 1} lacks a field, or one is of another type")
    if faults := list(_faults(entry)):
        raise CatalogueError(f"{entry.name or place + 1}: {'; '.join(faults)}")
    return entry


def _faults(entry: Entry) -> Iterator[str]:
    if not is_safe_name(entry.name) or entry.name != entry.name.lower():
        yield "its name is not one of small letters, digits, '.', '_' and '-'"
    yield from _source_faults(entry.source)
    if entry.sha256 is not None and not _SHA256.fullmatch(entry.sha256):
        yield "its sha256 is none"
    if min(entry.size_bytes, entry.context_tokens, entry.kv_values_per_token) <= 0:
        yield "a size is not positive"
    if not entry.licence or not entry.sources:
        yield "it has no licence or no sources"


def _source_faults(source: Source) -> Sequence[str]:
    return [
        words
        for words, right in (
            ("its repository is not OWNER/NAME", _REPO.fullmatch(source.repo)),
            ("its repository holds '..'", ".." not in source.repo),
            ("its file is not a plain name that ends in .gguf", _is_gguf(source.file)),
            ("its revision is neither a commit nor main", _REVISION.fullmatch(source.revision)),
        )
        if not right
    ]


def _is_gguf(file: str) -> bool:
    return is_safe_name(file) and file.endswith(".gguf")
