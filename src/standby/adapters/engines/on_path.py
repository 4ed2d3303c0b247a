"""``llama-server`` or ``llama serve`` on PATH, started with the model file that a person named.

It is built for the machine's own processor or graphics card, which the embedded engine may not be.
"""

import os
import re
import secrets
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import psutil
from aiohttp import ClientSession

from standby.adapters.child import ran
from standby.adapters.engines.chat import Patience
from standby.adapters.engines.drafting import Files, with_drafter
from standby.adapters.engines.experience import Experience
from standby.adapters.engines.launch import STARTED, Launch, Lesson, SlotStore, environment
from standby.adapters.engines.started import StartedServer, as_planned
from standby.adapters.engines.tuner import AsComputed, Tuner
from standby.adapters.model_header import header_of, name_of, shape_of, window_of
from standby.core.models.facts import LocalModel
from standby.core.models.fit import Hardware
from standby.core.models.gguf import Fault, Header
from standby.core.models.troubles import Trouble
from standby.core.models.tuning import Tuning, tune
from standby.core.redact import Secret
from standby.ports import EngineError

__all__ = ["ENGINE", "engine", "engine_version"]

_NAME: Final = "on_path"
_CONTEXT: Final = 65536
_SLOTS: Final = 2  # the conversation, and what goes beside it
_VERSION_S: Final = 5.0
_VERSION: Final = re.compile(r"^version: ([ -~]{1,80})", re.MULTILINE)
_FLASH: Final = {None: "auto", True: "on", False: "off"}


ENGINE: Final = replace(STARTED, name=_NAME, title="llama.cpp on PATH", order=80)


def engine(
    client: ClientSession,
    model_file: Path | Callable[[], Path | None] | None,
    *,
    context: int = 0,
    slots: int = 0,
    path: str | None = None,
    hardware: Callable[[], Hardware] | None = None,
    tuner: Tuner | None = None,
    stop_s: float = 0.0,
    patience: Patience | None = None,
    kept: SlotStore | None = None,
    files: Files = tuple,
) -> StartedServer:
    """Return the engine; it offers nothing without a model file or without the program.

    ``model_file`` may be what chooses one; it is asked each time, on a thread, and so is
    ``hardware``, by which its caches are bounded. ``tuner`` may tell more of its settings. After
    ``stop_s`` without a request it may end. ``slots`` is how many requests it works on at once; 0:
    two. ``kept`` is where what it has read is kept. ``files`` are those among which a small model
    is found that guesses.
    """
    choose = model_file if callable(model_file) else lambda: model_file
    experience = Experience(tuner or AsComputed())
    plan = _Plan(choose, context, slots or _SLOTS, path, hardware, experience, kept, files)

    return as_planned(ENGINE, client, plan, patience, stop_s, kept)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What would be served, and how. Everything blocks."""

    choose: Callable[[], Path | None]
    context: int
    slots: int
    path: str | None
    hardware: Callable[[], Hardware] | None
    experience: Experience
    kept: SlotStore | None = None
    files: Files = tuple

    def offered(self) -> LocalModel | None:
        file = self._file()
        if file is None:
            return None
        tuning = self._tuning(file)
        return LocalModel(
            engine=_NAME,
            id=name_of(file),
            base_url="",
            context_tokens=self._window(file),
            loaded=False,
            vision=False,
            grammar=True,
            counts=True,
            continues=True,
            slots=self.slots,
            pins=True,
            settings=_words(tuning),
            tuned="" if tuning is None else tuning.measured,
            remark=self.experience.remark(_key(file)),
        )

    def launch(self, model: LocalModel) -> Launch:
        file, command = self._file(), _command(self.path)
        if file is None:
            raise EngineError("llama.cpp is no longer on PATH, or its model file is gone")
        header = header_of(file)
        if isinstance(header, Fault):
            raise EngineError(f"{file} {header.words}")
        window, (tuning, drafter) = self._window(file), self._drafting(file)
        launch = _launch(
            *(command, file, model.id, window, self.slots, tuning, drafter),
            self.experience.retreat(_key(file)).layers,
        )
        if self.kept is not None:
            same = (window, self.slots, *_cache(tuning))
            launch = _keeping(launch, self.kept, _identity(self.path, command, file, same))
        return replace(launch, remark=self.experience.remark(_key(file)))

    def learn(self, model: LocalModel, trouble: Trouble | None) -> Lesson:
        file = self._file()
        if file is None or name_of(file) != model.id:
            return Lesson()
        if trouble is Trouble.TOO_OLD:
            return Lesson(words=_age(engine_version(self.path)))
        tuning, header = self._tuning(file), header_of(file)
        # Nobody says whether it computes on a card: where it does not, nothing changes.
        layers = header.layers if isinstance(header, Header) else 0
        return self.experience.learn(
            _key(file),
            trouble,
            tuned=tuning is not None and bool(tuning.measured),
            window=self._whole_window(file),
            layers=layers,
        )

    def _file(self) -> Path | None:
        file = self.choose()
        return file if file is not None and file.is_file() and _command(self.path) else None

    def _window(self, file: Path) -> int:
        return self.experience.retreat(_key(file)).within(self._whole_window(file))

    def _whole_window(self, file: Path) -> int:
        return self.context or window_of(header_of(file), psutil.virtual_memory().total, _CONTEXT)

    def _tuning(self, file: Path) -> Tuning | None:
        return self._drafting(file)[0]

    def _drafting(self, file: Path) -> tuple[Tuning | None, Path | None]:
        """Return the settings, and the file of the small model that guesses by them."""
        if self.hardware is None:
            return None, None
        computed = tune(shape_of(header_of(file)), self.hardware(), self._window(file))
        version = partial(engine_version, self.path)
        tuned = self.experience.tuner.tuned(_key(file), version, computed)
        return with_drafter(tuned, file, self.files)


def _key(file: Path) -> str:
    return f"{_NAME}/{name_of(file)}"


def _age(version: str) -> str:
    """Say which build there is, and how to get a newer one."""
    which = f"there is {version}" if version else "it does not say its version"
    return (
        f"{which}; models of this year need a build of this year: `brew upgrade llama.cpp`,"
        " `winget upgrade llama.cpp`, or a newer archive from its releases"
    )


def _command(path: str | None) -> tuple[str, ...]:
    server = shutil.which("llama-server", path=path)
    if server is not None:
        return (server,)
    program = shutil.which("llama", path=path)
    return () if program is None else (program, "serve")


def engine_version(path: str | None = None) -> str:
    """Return the program's build, by its own words; empty: it is not there, or does not say.

    Blocks, the first time for each state of the program.
    """
    command = _command(path)
    if not command:
        return ""
    try:
        return _version(command, Path(command[0]).stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _version(command: tuple[str, ...], _changed_ns: int) -> str:
    done = ran([*command, "--version"], _VERSION_S)
    if done is None:
        return ""
    found = _VERSION.search((done.stderr + done.stdout).decode(errors="replace"))
    return "" if found is None else f"llama.cpp {found[1].strip()}"


def _words(tuning: Tuning | None) -> str:
    """Return how it is run, where that was not left to itself."""
    return tuning.words if tuning is not None and tuning.measured else ""


def _bounded(tuning: Tuning | None, drafter: Path | None) -> dict[str, str]:
    """Return how large its caches may grow, and what was measured to be faster.

    All else it chooses by itself, for its own build.
    """
    if tuning is None:
        return {}
    caches = {
        "LLAMA_ARG_CACHE_RAM": str(tuning.cache_mib),
        "LLAMA_ARG_CTX_CHECKPOINTS": str(tuning.checkpoints),
    }
    if not tuning.measured:
        return caches
    return {
        **caches,
        "LLAMA_ARG_THREADS": str(tuning.threads),
        "LLAMA_ARG_FLASH_ATTN": _FLASH[tuning.flash_attention],
        "LLAMA_ARG_CACHE_TYPE_K": tuning.kv.name.lower(),
        "LLAMA_ARG_CACHE_TYPE_V": tuning.kv.name.lower(),
        "LLAMA_ARG_BATCH": str(tuning.batch),
        "LLAMA_ARG_UBATCH": str(tuning.micro_batch),
        **_drafts(tuning, drafter),
    }


def _drafts(tuning: Tuning, drafter: Path | None) -> dict[str, str]:
    """Return how it guesses. The variable of the small model got another name in 2026."""
    if drafter is None:
        return {"LLAMA_ARG_SPEC_TYPE": tuning.drafts.value}
    file = str(drafter.resolve())
    return {
        "LLAMA_ARG_SPEC_TYPE": "draft-simple",
        "LLAMA_ARG_SPEC_DRAFT_MODEL": file,
        "LLAMA_ARG_MODEL_DRAFT": file,
    }


def _launch(
    command: tuple[str, ...],
    model_file: Path,
    alias: str,
    window: int,
    slots: int,
    tuning: Tuning | None,
    drafter: Path | None,
    layers: int | None,
) -> Launch:
    key, port = secrets.token_urlsafe(32), _free_port()
    file = str(model_file.resolve())
    serve = ("--host", "127.0.0.1", "--port", str(port), "-m", file, "--alias", alias)
    return Launch(
        # llama-server does not notice that its parent is gone; the keeper does.
        argv=(
            *(sys.executable, "-P", "-m", "standby.adapters.keeper", "--"),
            *(*command, *serve, "-c", str(window)),
        ),
        # By environment, where a build that does not know one ignores it; an unknown flag ends it.
        environment=environment(
            os.environ,
            LLAMA_API_KEY=key,
            LLAMA_ARG_CORS_ORIGINS="http://127.0.0.1",
            LLAMA_ARG_CACHE_IDLE_SLOTS="0",
            LLAMA_ARG_KV_UNIFIED="1",
            LLAMA_ARG_N_PARALLEL=str(slots),
            LLAMA_ARG_OFFLINE="1",
            LLAMA_ARG_UI="0",
            LLAMA_ARG_WEBUI="0",
            **_bounded(tuning, drafter),
            **({} if layers is None else {"LLAMA_ARG_N_GPU_LAYERS": str(layers)}),
        ),
        key=Secret(key),
        url=f"http://127.0.0.1:{port}",
        settings=_words(tuning),
        tuned="" if tuning is None else tuning.measured,
    )


def _cache(tuning: Tuning | None) -> tuple[object, ...]:
    """Return of which kind its cache is; nothing where that was left to itself."""
    if tuning is None or not tuning.measured:
        return ()
    return (tuning.kv, tuning.flash_attention)


def _identity(
    path: str | None, command: tuple[str, ...], file: Path, same: tuple[object, ...]
) -> str:
    """Return what has to be the same for what was read to be of use."""
    files = [(str(each), each.stat()) for each in (Path(command[0]).resolve(), file.resolve())]
    states = [(name, status.st_size, status.st_mtime_ns) for name, status in files]
    return f"{engine_version(path)} {states} {same}"


def _keeping(launch: Launch, kept: SlotStore, identity: str) -> Launch:
    """Return the same, told where to save what it has read. A build that cannot says so then."""
    at = launch.argv.index("--")
    argv = (*launch.argv[:at], "--most-file-bytes", str(kept.most_bytes), *launch.argv[at:])
    # llama.cpp puts the name of a file right behind it.
    told = {**launch.environment, "LLAMA_ARG_SLOT_SAVE_PATH": f"{kept.folder}{os.sep}"}
    return replace(launch, argv=argv, environment=told, identity=identity)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return int(port)
