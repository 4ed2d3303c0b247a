"""Models on this machine: fetch one, take one in, update, verify.

Whatever brings a file, the same checks stand between it and an engine: its size, its hash, room on
the disk, and the header. Nothing that failed one of them is kept.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from standby.core.models.catalogue import Entry, Source, is_safe_name
from standby.core.models.fit import gigabytes
from standby.core.models.gguf import Fault, Header
from standby.core.models.revisions import Installed, Revision
from standby.ports import Clock, FetchError

__all__ = ["FromHub", "Intake", "Models", "Offered", "Plan", "Progress", "Shelf", "Wanted"]

# What else wants to write to the disk meanwhile.
_SPARE_BYTES: Final = 1_000_000_000


class Offered(Protocol):
    """A file that a hub has."""

    @property
    def source(self) -> Source:
        """Where it is, to the commit."""
        ...

    @property
    def size_bytes(self) -> int:
        """Its size."""
        ...

    @property
    def sha256(self) -> str:
        """Its hash, as the hub names it."""
        ...

    @property
    def licence(self) -> str:
        """Its licence, as the hub names it; empty when it does not."""
        ...

    @property
    def host(self) -> str:
        """Who has it."""
        ...


O = TypeVar("O", bound=Offered)  # noqa: E741


class FromHub(Protocol[O]):
    """A hub. Everything raises :class:`FetchError`."""

    async def look(self, source: Source, *, licence: bool = False) -> O:
        """Return what is there now."""
        ...

    async def fetch(self, offer: O, part: Path, told: Callable[[int], None]) -> None:
        """Bring the bytes into ``part``, going on where an earlier try ended."""
        ...


class Shelf(Protocol):
    """Where models are kept. Everything blocks, and raises :class:`FetchError`."""

    def named(self, name: str) -> Installed | None:
        """Return what is kept under a name."""
        ...

    def path(self, name: str, revision: Revision) -> Path:
        """Return where a revision's file lies."""
        ...

    def room_bytes(self) -> int:
        """Return what is free on its disk."""
        ...

    def part(self, sha256: str) -> Path:
        """Return where a file grows while it is fetched."""
        ...

    def size(self, part: Path) -> int:
        """Return how much of it is there."""
        ...

    def bring(self, file: Path) -> Path:
        """Return a part that holds a person's file."""
        ...

    def digest(self, path: Path, told: Callable[[int], None]) -> str:
        """Return a file's SHA-256."""
        ...

    def header(self, path: Path) -> Header | Fault:
        """Return what a file's header says."""
        ...

    def discard(self, part: Path) -> None:
        """Remove what was fetched."""
        ...

    def keep(self, name: str, part: Path, revision: Revision) -> Installed:
        """Make it the model's current revision; the one before stays beside it."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for."""

    name: str
    source: Source
    entry: Entry | None = None
    """What the catalogue says of it; ``None``: it is not in there."""


@dataclass(frozen=True, slots=True)
class Plan(Generic[O]):
    """What is about to be fetched, for a person to agree to."""

    name: str
    offer: O
    origin: str
    host: str
    size_bytes: int
    there_bytes: int
    """How much of it an earlier try left."""
    free_bytes: int
    licence: str
    """Empty: nobody names it."""
    pinned: bool
    """Whether its hash is the catalogue's; otherwise the hub's word counts, and is recorded."""
    sha256: str
    replaces: str = ""
    """The origin of the revision that it takes the place of."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something has come, in bytes."""

    step: str
    done: int
    whole: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of it."""

    name: str
    installed: Installed
    already: bool = False
    """Whether it was there before, so that nothing was done."""
    remarks: tuple[str, ...] = ()
    """What a person should know of it."""


Told = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Models:
    """The use cases over one shelf."""

    shelf: Shelf
    clock: Clock
    told: Told = field(default=lambda _: None)

    async def plan(self, hub: FromHub[O], wanted: Wanted) -> Plan[O] | Intake:
        """Return what would be fetched, or that the very file is there. Nothing is fetched yet.

        Raise :class:`FetchError`.
        """
        entry = wanted.entry
        offer = await hub.look(wanted.source, licence=entry is None)
        pinned = entry.sha256 if entry and entry.source == wanted.source else None
        if pinned is not None and offer.sha256 != pinned:
            raise FetchError(
                f"{offer.host} has another {wanted.source.file} than the catalogue names (SHA-256"
                f" {_short(offer.sha256)}, expected {_short(pinned)}), so nothing was fetched; a"
                " newer version of standby may know it"
            )
        kept = await asyncio.to_thread(self.shelf.named, wanted.name)
        if kept is not None and kept.current.sha256 == offer.sha256:
            return Intake(wanted.name, kept, already=True)
        part = await asyncio.to_thread(self.shelf.part, offer.sha256)
        there = min(await asyncio.to_thread(self.shelf.size, part), offer.size_bytes)
        free = await asyncio.to_thread(self.shelf.room_bytes)
        needed = offer.size_bytes - there + _SPARE_BYTES
        if free < needed:
            raise FetchError(
                f"{wanted.name} needs {gigabytes(needed)} of disk, and {gigabytes(free)} are free;"
                " make room (`standby models rm` removes a model)"
            )
        at = offer.source
        return Plan(
            name=wanted.name,
            offer=offer,
            origin=f"{at.repo}/{at.file}@{at.revision}",
            host=offer.host,
            size_bytes=offer.size_bytes,
            there_bytes=there,
            free_bytes=free,
            licence=entry.licence if entry else offer.licence,
            pinned=pinned is not None,
            sha256=offer.sha256,
            replaces=kept.current.origin if kept else "",
        )

    async def pull(self, hub: FromHub[O], plan: Plan[O]) -> Intake:
        """Fetch what was planned. Raise :class:`FetchError`.

        An interrupted fetch is gone on with by the next.
        """
        kept = await asyncio.to_thread(self.shelf.named, plan.name)
        part = await asyncio.to_thread(self.shelf.part, plan.sha256)
        step = "resuming" if plan.there_bytes else "fetching"
        await hub.fetch(plan.offer, part, _step(self.told, step, plan.size_bytes))
        revision = await self._revision(part, plan.origin, plan.licence, plan.sha256)
        return await self._kept(plan.name, part, revision, kept)

    async def add(self, file: Path, name: str, *, sha256: str = "") -> Intake:
        """Take in a file that a person has. Raise :class:`FetchError`."""
        if not is_safe_name(name):
            raise FetchError(
                f"{name!r} is not a name for a model: use letters, digits, '.', '_' and '-';"
                " give another with `--name`"
            )
        before = await asyncio.to_thread(self.shelf.header, file)
        if isinstance(before, Fault):  # before 20 GB are copied
            raise FetchError(f"{file} {before.words}")
        kept = await asyncio.to_thread(self.shelf.named, name)
        part = await asyncio.to_thread(self.shelf.bring, file)
        revision = await self._revision(part, "file", "", sha256)
        if kept is not None and kept.current.sha256 == revision.sha256:
            await asyncio.to_thread(self.shelf.discard, part)
            return Intake(name, kept, already=True)
        return await self._kept(name, part, revision, kept)

    async def verify(self, model: Installed) -> str:
        """Return what is wrong with a model's file; empty: nothing. Raise :class:`FetchError`."""
        path = await asyncio.to_thread(self.shelf.path, model.name, model.current)
        header = await asyncio.to_thread(self.shelf.header, path)
        if isinstance(header, Fault):
            return f"its file {header.words}"
        told = _step(self.told, "hashing", header.size_bytes)
        digest = await asyncio.to_thread(self.shelf.digest, path, told)
        if digest != model.current.sha256:
            return "its file has changed since it was added: the SHA-256 differs"
        return ""

    async def _revision(self, part: Path, origin: str, licence: str, sha256: str) -> Revision:
        """Return what a file is. What fails a check is removed."""
        try:
            digest, header = await self._judged(part, sha256)
        except FetchError:
            await asyncio.to_thread(self.shelf.discard, part)
            raise
        return Revision(
            sha256=digest,
            size_bytes=header.size_bytes,
            origin=origin,
            licence=licence or header.licence,
            quantisation=header.quantisation,
            context_tokens=header.context_tokens,
            template_sha256=header.template_sha256,
            added_at=self.clock.now(),
        )

    async def _judged(self, part: Path, sha256: str) -> tuple[str, Header]:
        size = await asyncio.to_thread(self.shelf.size, part)
        told = _step(self.told, "checking", size)
        digest = await asyncio.to_thread(self.shelf.digest, part, told)
        if sha256 and digest != sha256:
            raise FetchError(
                f"what came is not what was announced (SHA-256 {_short(digest)}, expected"
                f" {_short(sha256)}), so it was thrown away; run the command again, and should it"
                " happen twice, ask who runs the proxy or mirror"
            )
        header = await asyncio.to_thread(self.shelf.header, part)
        if isinstance(header, Fault):
            raise FetchError(f"the file {header.words}, so it was thrown away")
        if not header.serves:
            raise FetchError(
                f"the file is not a whole model ({header.kind or header.architecture or 'empty'}),"
                " so it was thrown away"
            )
        if header.parts > 1:
            raise FetchError(
                f"the model is split into {header.parts} files, and only whole models can be added;"
                " put all of them into one folder, and name the first in the setting"
                " `local.model_path`"
            )
        return digest, header

    async def _kept(
        self, name: str, part: Path, revision: Revision, before: Installed | None
    ) -> Intake:
        installed = await asyncio.to_thread(self.shelf.keep, name, part, revision)
        return Intake(name, installed, remarks=tuple(_remarks(revision, before)))


def _remarks(revision: Revision, before: Installed | None) -> Iterator[str]:
    if not revision.template_sha256:
        yield "it brings no chat template: llama.cpp uses its own, which knows no tools"
    if before is not None and before.current.template_sha256 != revision.template_sha256:
        yield (
            "its chat template is another than that of the revision before"
            f" ({_short(revision.template_sha256)}, was {_short(before.current.template_sha256)}):"
            " `standby models rollback` goes back"
        )


def _short(digest: str) -> str:
    return f"{digest[:12]}…" if digest else "none"


def _step(told: Told, step: str, whole: int) -> Callable[[int], None]:
    return lambda done: told(Progress(step, done, whole))
