"""The embedded engine: llama.cpp in a process of our own, for a machine that has nothing else.

The gateway never imports the engine: a model file is foreign data, read by foreign C++, and a crash
there must not take the gateway along.
"""

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil
from aiohttp import ClientSession

from standby.adapters.engines.chat import Patience
from standby.adapters.engines.drafting import Files, with_drafter
from standby.adapters.engines.experience import Experience
from standby.adapters.engines.launch import STARTED, Launch, Lesson, SlotStore, environment
from standby.adapters.engines.started import StartedServer, as_planned
from standby.adapters.engines.tuner import AsComputed, Tuner
from standby.adapters.model_header import (
    header_of,
    misfit,
    name_of,
    shape_of,
    short_of,
    window_of,
)
from standby.core.models.facts import LocalModel
from standby.core.models.fit import Hardware, Kv
from standby.core.models.gguf import Fault, Header
from standby.core.models.troubles import Sign, Trouble
from standby.core.models.tuning import Drafts, Tuning, tune
from standby.core.redact import Secret
from standby.core.wire.json import JSON, dumps
from standby.ports import EngineError

__all__ = [
    "ENGINE",
    "REHEARSAL_FILE",
    "ModelFile",
    "Rests",
    "choose_file",
    "engine",
    "engine_version",
    "machine",
]

_NAME: Final = "embedded"

REHEARSAL_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""The small model that a machine gets which has none."""

_REHEARSAL_CONTEXT: Final = 8192  # what it was trained for
# Claude Code needs about this much for real work; a model that was trained for less gets less.
_CONTEXT: Final = 65536

_SLOTS: Final = 2  # the conversation, and titles beside it
# What malloc may get, so that it is this process that fails and not the machine that swaps.
_MEMORY_SHARE: Final = 0.9
# ggml's numbers of the types that a cache can have.
_KV_TYPES: Final = {Kv.F16: 1, Kv.Q8_0: 8}
_FLASH: Final = {None: -1, False: 0, True: 1}
# With another one of these a server is not given what was saved.
_SAME: Final = ("n_ctx", "n_parallel", "cache_type_k", "cache_type_v", "flash_attn_type")
# llama.cpp's numbers of the ways to guess.
_DRAFTS: Final = {Drafts.NONE: 0, Drafts.SIMPLE: 6, Drafts.MOD: 9, Drafts.MAP: 8}
_DRAFTS_BY_MODEL: Final = 1
_PACKAGE: Final = "xllamacpp"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The file that the embedded engine serves."""

    path: Path
    rehearsal: bool = False

    @property
    def id(self) -> str:
        """The model's name: the file's, without its ending."""
        return name_of(self.path)


def choose_file(named: Path | None, models: Path) -> ModelFile | None:
    """Return the file to serve: the named one, else the newest in the folder, else the rehearsal's.

    Projectors for images and later parts of a split model are no models by themselves.
    """
    if named is not None:
        return ModelFile(named) if named.is_file() else None
    try:
        files = [path for path in models.glob("*.gguf") if path.is_file()]
    except OSError:
        return None
    real = [path for path in files if path.name != REHEARSAL_FILE and _whole(path.name)]
    if real:
        return ModelFile(max(real, key=lambda path: (path.stat().st_mtime, path.name)))
    return next(
        (ModelFile(path, rehearsal=True) for path in files if path.name == REHEARSAL_FILE), None
    )


def _whole(name: str) -> bool:
    part = name.rpartition("-of-")[0].rpartition("-")[2]
    return "mmproj" not in name and (not part.isdigit() or int(part) == 1)


ENGINE: Final = replace(
    STARTED,
    name=_NAME,
    title="the embedded engine",
    order=90,
    signs=(
        Sign(
            Trouble.MISSING,
            ("no module named 'xllamacpp'", "dll load failed", "cannot open shared object file"),
            "its package is not whole: `python -m pip install --force-reinstall xllamacpp`, in the"
            " place where standby is installed",
        ),
        *STARTED.signs,
    ),
)


@dataclass(frozen=True, slots=True)
class Rests:
    """After how many seconds without a request it gives memory back; 0: never."""

    sleep_s: int = 900
    """It lets go of the model, and stays: the next request has it load again."""
    stop_s: float = 7200.0
    """It ends."""


def engine_version() -> str:
    """Return the package and its version, which names the build; empty: it is not there."""
    try:
        return f"{_PACKAGE} {version(_PACKAGE)}"
    except PackageNotFoundError:
        return ""


def machine() -> Hardware:
    """Return what this engine may use of the machine, as far as is known without asking anybody."""
    memory = psutil.virtual_memory()
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return Hardware(memory.total, memory.available, cores)


def engine(
    client: ClientSession,
    choose: Callable[[], ModelFile | None],
    *,
    context: int = 0,
    slots: int = 0,
    rests: Rests | None = None,
    hardware: Callable[[], Hardware] = machine,
    tuner: Tuner | None = None,
    patience: Patience | None = None,
    kept: SlotStore | None = None,
    files: Files = tuple,
) -> StartedServer:
    """Return the embedded engine.

    ``choose`` and ``hardware`` are asked each time, on a thread. ``context`` is the window; 0: a
    fitting one. ``slots`` is how many requests it works on at once; 0: two. ``tuner`` may change
    the settings that were computed for the machine. ``kept`` is where what it has read is kept.
    ``files`` are those among which a small model is found that guesses.
    """
    plan = _Plan(
        *(choose, hardware, Experience(tuner or AsComputed())),
        *(context, slots or _SLOTS, rests or Rests()),
        kept=kept,
        files=files,
    )

    return as_planned(ENGINE, client, plan, patience, plan.rests.stop_s, kept)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What would be served, and how. Everything blocks."""

    choose: Callable[[], ModelFile | None]
    hardware: Callable[[], Hardware]
    experience: Experience
    context: int
    slots: int
    rests: Rests
    kept: SlotStore | None = None
    files: Files = tuple

    def offered(self) -> LocalModel | None:
        file = self.choose()
        if file is None:
            return None
        offered = _offered(file, self._window(file), self._tuning(file), self.slots)
        return replace(offered, remark=self.experience.remark(_key(file)))

    def launch(self, model: LocalModel) -> Launch:
        file = self.choose()
        if file is None or file.id != model.id:
            raise EngineError(f"the model file of {model.id!r} is no longer there")
        fault = _fault(file.path)
        if fault:
            raise EngineError(f"{file.path} {fault}")
        tuning, drafter = self._drafting(file)
        parameters = _parameters(self._window(file), tuning, self.slots, self.rests, drafter)
        launch = _launch(file, parameters, tuning, self.experience.remark(_key(file)), self.kept)
        identity = "" if self.kept is None else _identity(file, parameters)
        return replace(launch, identity=identity)

    def learn(self, model: LocalModel, trouble: Trouble | None) -> Lesson:
        file = self.choose()
        if file is None or file.id != model.id:
            return Lesson()
        tuning = self._tuning(file)
        header = header_of(file.path)
        layers = header.layers if isinstance(header, Header) and tuning.layers_on_card != 0 else 0
        tuned, window = bool(tuning.measured), self._whole_window(file)
        return self.experience.learn(_key(file), trouble, tuned=tuned, window=window, layers=layers)

    def _window(self, file: ModelFile) -> int:
        return self.experience.retreat(_key(file)).within(self._whole_window(file))

    def _whole_window(self, file: ModelFile) -> int:
        """Return the window that the file gets: the real one, before it is loaded."""
        wanted = _REHEARSAL_CONTEXT if file.rehearsal else _CONTEXT
        return self.context or window_of(
            header_of(file.path), psutil.virtual_memory().total, wanted
        )

    def _tuning(self, file: ModelFile) -> Tuning:
        return self._drafting(file)[0]

    def _drafting(self, file: ModelFile) -> tuple[Tuning, Path | None]:
        """Return the settings, and the file of the small model that guesses by them."""
        has = self.hardware()
        # The package computes on the processor, and on Apple's graphics.
        usable = has if has.unified else replace(has, cards=())
        computed = tune(shape_of(header_of(file.path)), usable, self._window(file))
        less = self.experience.retreat(_key(file))
        if less.layers is not None:
            computed = replace(computed, layers_on_card=less.layers)
        tuned = self.experience.tuner.tuned(_key(file), engine_version, computed)
        return with_drafter(tuned, file.path, self.files)


def _key(file: ModelFile) -> str:
    return f"{_NAME}/{file.id}"


def _parameters(
    window: int, tuning: Tuning, slots: int, rests: Rests, drafter: Path | None
) -> dict[str, JSON]:
    """Return llama.cpp's own parameters, by its own names."""
    layers = tuning.layers_on_card
    drafts: dict[str, JSON] = {"speculative.types": [_DRAFTS[tuning.drafts]]}
    if drafter is not None:
        drafts = {
            "speculative.types": [_DRAFTS_BY_MODEL],
            "speculative.draft.mparams.path": str(drafter.resolve()),
            "speculative.draft.n_gpu_layers": -1 if layers is None else layers,
            "speculative.draft.cpuparams.n_threads": tuning.threads,
            "speculative.draft.cpuparams_batch.n_threads": tuning.threads,
        }
    return {
        "n_ctx": window,
        "n_parallel": slots,
        "n_gpu_layers": -1 if layers is None else layers,
        "cpuparams.n_threads": tuning.threads,
        "cpuparams_batch.n_threads": tuning.threads,
        "flash_attn_type": _FLASH[tuning.flash_attention],
        "cache_type_k": _KV_TYPES[tuning.kv],
        "cache_type_v": _KV_TYPES[tuning.kv],
        "n_batch": tuning.batch,
        "n_ubatch": tuning.micro_batch,
        "cache_ram_mib": tuning.cache_mib,
        "n_ctx_checkpoints": tuning.checkpoints,
        **drafts,
        "sleep_idle_seconds": rests.sleep_s or -1,
    }


def _offered(file: ModelFile, window: int, tuning: Tuning, slots: int) -> LocalModel:
    return LocalModel(
        engine=_NAME,
        id=file.id,
        base_url="",
        context_tokens=window,
        loaded=False,
        tools=False if file.rehearsal else None,  # its chat template knows none
        vision=False,
        reasoning=False if file.rehearsal else None,
        grammar=True,
        counts=True,
        continues=True,
        rehearsal=file.rehearsal,
        slots=slots,
        pins=True,
        settings=tuning.words,
        tuned=tuning.measured,
    )


def _fault(path: Path) -> str:
    """Return why no engine should open a model file, as far as its header tells; empty: none."""
    header = header_of(path)
    if isinstance(header, Fault):
        return header.words
    memory = psutil.virtual_memory()
    return misfit(header, memory.total) or short_of(header, memory.available)


def _identity(file: ModelFile, parameters: dict[str, JSON]) -> str:
    """Return what has to be the same for what was read to be of use."""
    path = file.path.resolve()
    status = path.stat()
    same = [parameters[name] for name in _SAME]
    return f"{engine_version()} {path} {status.st_size} {status.st_mtime_ns} {same}"


def _launch(
    file: ModelFile,
    parameters: dict[str, JSON],
    tuning: Tuning,
    remark: str,
    kept: SlotStore | None,
) -> Launch:
    key = secrets.token_urlsafe(32)
    # llama.cpp puts the name of a file right behind it.
    keeps: dict[str, JSON] = {} if kept is None else {"slot_save_path": f"{kept.folder}{os.sep}"}
    return Launch(
        argv=(
            sys.executable,
            "-P",  # nothing is imported from the folder that a command was started in
            "-m",
            "standby.adapters.engines.embedded_child",
            dumps(
                {
                    "model": str(file.path.resolve()),
                    "alias": file.id,
                    "memory_bytes": int(psutil.virtual_memory().total * _MEMORY_SHARE),
                    "parameters": {**parameters, **keeps},
                }
            ).decode(),
        ),
        environment=environment(os.environ, STANDBY_ENGINE_KEY=key),
        key=Secret(key),
        settings=tuning.words,
        tuned=tuning.measured,
        remark=remark,
    )
