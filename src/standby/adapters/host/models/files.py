"""The model files that standby keeps: which there are, which revision of each, and which is used.

``<data>/models/<name>/<first of its hash>/<name>.gguf``, and ``models.json`` beside them, which is
the only thing that says what is current: a revision is switched by writing that one file anew. What
is fetched grows under ``.part`` names that no engine looks at. Files that a person put into the
folder are left alone.
"""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from standby.adapters.host.locks import locked
from standby.adapters.host.private import (
    append_private,
    private_folder,
    read_private,
    write_private,
)
from standby.adapters.model_header import header_of
from standby.core.models.catalogue import is_safe_name
from standby.core.models.gguf import Fault, Header
from standby.core.models.revisions import Installed, Revision
from standby.core.wire.json import JSON, NotJSONError, dumps, loads
from standby.ports import FetchError

__all__ = ["ModelFiles", "ModelFilesError", "digest_of"]

_RECORD: Final = "models.json"
_LOCK: Final = ".lock"
_CHUNK_BYTES: Final = 4 * 1024 * 1024
_FORGOTTEN_S: Final = 30 * 24 * 3600.0
_ENOUGH: Final = 12
"""How many digits of a hash tell revisions apart."""


class ModelFilesError(FetchError):
    """The models on disk cannot be read or changed; its message says why."""


def digest_of(path: Path, told: Callable[[int], None] = lambda _: None) -> str:
    """Return a file's SHA-256; ``told`` hears how many bytes are done. Raise :class:`OSError`."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            digest.update(data)
            done += len(data)
            told(done)
    return digest.hexdigest()


class ModelFiles:
    """The folder of models. Everything here blocks, and raises :class:`ModelFilesError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def installed(self) -> tuple[Installed, ...]:
        """Return the models, by name."""
        models, _ = self._read()
        return tuple(models[name] for name in sorted(models))

    def named(self, name: str) -> Installed | None:
        """Return one model."""
        return self._read()[0].get(name)

    def chosen(self) -> str:
        """Return what a person chose with ``models use``; empty: nothing."""
        return self._read()[1]

    def size(self, part: Path) -> int:
        """Return how many bytes of a file are there."""
        try:
            return part.stat().st_size
        except OSError:
            return 0

    def header(self, path: Path) -> Header | Fault:
        """Return what a file's header says, or what is wrong with the file."""
        return header_of(path)

    def digest(self, path: Path, told: Callable[[int], None]) -> str:
        """Return a file's SHA-256; ``told`` hears how many bytes are done."""
        try:
            return digest_of(path, told)
        except OSError as error:
            raise ModelFilesError(f"{path} cannot be read: {error.strerror}") from error

    def path(self, name: str, revision: Revision) -> Path:
        """Return where a revision's file lies."""
        return self.folder / name / revision.sha256[:_ENOUGH] / f"{name}.gguf"

    def served(self) -> Path | None:
        """Return the file that an engine of ours should serve; ``None``: none of those kept here.

        The one that a person chose, and the newest when the choice is left to us.
        """
        models, chosen = self._read()
        newest = max(models.values(), key=lambda one: one.current.added_at, default=None)
        found = models.get(chosen) if chosen else newest
        if found is None:
            return None
        path = self.path(found.name, found.current)
        return path if path.is_file() else None

    def every(self) -> list[Path]:
        """Return the file of each model, and those that a person laid beside them."""
        kept = [self.path(one.name, one.current) for one in self.installed()]
        return [path for path in (*kept, *sorted(self.folder.glob("*.gguf"))) if path.is_file()]

    def choose(self, name: str) -> None:
        """Note what a person chose; empty takes it back."""
        with self._changing():
            models, _ = self._read()
            self._write(models, name)

    def room_bytes(self) -> int:
        """Return what is free on the disk of the models."""
        self._make()
        return shutil.disk_usage(self.folder).free

    def part(self, sha256: str) -> Path:
        """Return where a file with this hash grows while it is fetched; it may have begun to."""
        self._make()
        self._tidy()
        part = self.folder / f".{sha256}.part"
        if part.is_symlink() or (part.exists() and not part.is_file()):
            raise ModelFilesError(f"{part} is not a file of ours; take it away")
        return part

    def discard(self, part: Path) -> None:
        """Remove what was fetched."""
        with contextlib.suppress(OSError):
            part.unlink()

    def bring(self, file: Path) -> Path:
        """Return a part that holds a person's file: the same bytes on disk where possible."""
        self._make()
        real = file.resolve()
        part = self.folder / f".{os.getpid()}.{_safe(real.name)}.part"
        part.unlink(missing_ok=True)
        try:
            try:
                os.link(real, part)
            except OSError:  # another disk
                shutil.copyfile(real, part)
                part.chmod(0o600)
        except OSError as error:
            self.discard(part)
            raise ModelFilesError(f"{file} cannot be added: {error.strerror}") from error
        return part

    def keep(self, name: str, part: Path, revision: Revision) -> Installed:
        """Make a checked part a model's current revision; the one before stays beside it."""
        if not is_safe_name(name):
            raise ModelFilesError(f"{name!r} is not a name for a model")
        with self._changing():
            models, chosen = self._read()
            old = models.get(name)
            path = self.path(name, revision)
            for folder in (path.parent.parent, path.parent):
                private_folder(folder)
            part.replace(path)
            same = old is not None and old.current.sha256 == revision.sha256
            before = old.previous if same and old else old.current if old else None
            models[name] = Installed(name, revision, before)
            self._write(models, chosen)
            self._sweep(models[name])
            return models[name]

    def rollback(self, name: str) -> Installed:
        """Make a model's previous revision the current one, and the other way round."""
        with self._changing():
            models, chosen = self._read()
            found = _known(models, name)
            if found.previous is None or not self.path(name, found.previous).is_file():
                raise ModelFilesError(f"{name} has no revision to go back to")
            models[name] = Installed(name, found.previous, found.current)
            self._write(models, chosen)
            return models[name]

    def remove(self, name: str) -> Installed:
        """Remove a model, all its revisions, and the choice of it."""
        with self._changing():
            models, chosen = self._read()
            found = _known(models, name)
            del models[name]
            self._write(models, "" if chosen == name else chosen)
            shutil.rmtree(self.folder / name, ignore_errors=True)
            return found

    # -- the record -----------------------------------------------------------------------------

    def _make(self) -> None:
        private_folder(self.folder)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Let one process change the record at a time; the lock ends with the process."""
        self._make()
        handle = append_private(self.folder / _LOCK)
        try:
            if not locked(handle):
                raise ModelFilesError(
                    "another command is changing the models; try again in a moment"
                )
            yield
        finally:
            os.close(handle)

    def _read(self) -> tuple[dict[str, Installed], str]:
        try:
            data = read_private(self.folder / _RECORD)
        except OSError as error:
            raise ModelFilesError(f"the list of models cannot be read: {error.strerror}") from error
        try:
            value = {} if data is None else loads(data)
        except NotJSONError:
            raise ModelFilesError(
                f"{self.folder / _RECORD} is damaged; take it away, and hand the files over again"
                " with `standby models add`"
            ) from None
        models: dict[str, Installed] = {}
        match value:
            case {"models": dict(entries)}:
                for name, entry in entries.items():
                    one = _installed(name, entry)
                    if one is not None:
                        models[name] = one
            case _:
                pass
        match value:
            case {"chosen": str(chosen)}:
                return models, chosen
            case _:
                return models, ""

    def _write(self, models: dict[str, Installed], chosen: str) -> None:
        value: dict[str, JSON] = {
            "chosen": chosen,
            "models": {name: _installed_json(one) for name, one in models.items()},
        }
        write_private(self.folder / _RECORD, dumps(value))

    def _tidy(self) -> None:
        """Remove what somebody began to fetch long ago, and never went on with."""
        for part in self.folder.glob(".*.part"):
            with contextlib.suppress(OSError):
                if part.lstat().st_mtime < time.time() - _FORGOTTEN_S:
                    part.unlink()

    def _sweep(self, kept: Installed) -> None:
        """Remove revisions older than the previous one."""
        wanted = {self.path(kept.name, one).parent for one in (kept.current, kept.previous) if one}
        for folder in (self.folder / kept.name).iterdir():
            if folder.is_dir() and not folder.is_symlink() and folder not in wanted:
                shutil.rmtree(folder, ignore_errors=True)


def _known(models: dict[str, Installed], name: str) -> Installed:
    found = models.get(name)
    if found is None:
        names = ", ".join(sorted(models)) or "none"
        raise ModelFilesError(f"no model {name!r} is kept here; there is: {names}")
    return found


def _safe(name: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in name)[:64]


def _installed_json(one: Installed) -> JSON:
    return {
        "current": _revision_json(one.current),
        "previous": None if one.previous is None else _revision_json(one.previous),
    }


def _revision_json(one: Revision) -> JSON:
    return {
        "sha256": one.sha256,
        "size_bytes": one.size_bytes,
        "origin": one.origin,
        "licence": one.licence,
        "quantisation": one.quantisation,
        "context_tokens": one.context_tokens,
        "template_sha256": one.template_sha256,
        "added_at": one.added_at,
    }


def _installed(name: str, value: JSON) -> Installed | None:
    match value:
        case {"current": current, "previous": previous} if is_safe_name(name):
            revision = _revision(current)
            if revision is None:
                return None
            return Installed(name, revision, _revision(previous))
        case _:
            return None


def _revision(value: JSON) -> Revision | None:
    match value:
        case {
            "sha256": str(sha256),
            "size_bytes": int(size),
            "origin": str(origin),
            "licence": str(licence),
            "quantisation": str(quantisation),
            "context_tokens": int() | None as context,
            "template_sha256": str(template),
            "added_at": int() | float() as added_at,
        } if is_safe_name(sha256):
            return Revision(
                sha256, size, origin, licence, quantisation, context, template, float(added_at)
            )
        case _:
            return None
