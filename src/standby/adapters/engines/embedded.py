"""The embedded engine: llama.cpp in a process of our own, for a machine that has nothing else.

The gateway never imports the engine: a model file is foreign data, read by foreign C++, and a crash
there must not take the gateway along.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from aiohttp import ClientSession

from standby.adapters.child import clean_environment
from standby.adapters.engines.chat import Launch, Patience, StartedServer
from standby.adapters.engines.spec import LLAMA_ADDS, EngineSpec
from standby.adapters.model_header import header_of, misfit, window_of
from standby.core.models.facts import LocalModel
from standby.core.models.gguf import Fault
from standby.core.redact import Secret
from standby.ports import EngineError

__all__ = ["ENGINE", "REHEARSAL_FILE", "ModelFile", "choose_file", "engine"]

_NAME: Final = "embedded"

REHEARSAL_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""The small model that a machine gets which has none."""

_REHEARSAL_CONTEXT: Final = 8192  # what it was trained for
# Claude Code needs about this much for real work; a model that was trained for less gets less.
_CONTEXT: Final = 65536

_SLOTS: Final = 2  # the conversation, and titles beside it
_CACHE_MIB: Final = 1024  # llama.cpp's own 8 GiB is a laptop's whole memory


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The file that the embedded engine serves."""

    path: Path
    rehearsal: bool = False

    @property
    def id(self) -> str:
        """The model's name: the file's, without its ending."""
        return self.path.name.removesuffix(".gguf")


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


async def _probe(
    _client: ClientSession, _url: str, _key: Secret | None
) -> tuple[LocalModel, ...] | None:
    """It is started, not found."""
    return None


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="the embedded engine",
    probe=_probe,
    order=90,
    continues=True,
    grammar=True,
    counts=True,
    reads=True,
    adds=LLAMA_ADDS,
    pins=True,
)


def engine(
    client: ClientSession,
    choose: Callable[[], ModelFile | None],
    *,
    context: int = 0,
    patience: Patience | None = None,
) -> StartedServer:
    """Return the embedded engine.

    ``choose`` is asked each time, on a thread. ``context`` is the window; 0: a fitting one.
    """

    async def offer() -> LocalModel | None:
        file = await asyncio.to_thread(choose)
        return None if file is None else await asyncio.to_thread(_offered, file, context)

    async def launch(model: LocalModel) -> Launch:
        file = await asyncio.to_thread(choose)
        if file is None or file.id != model.id:
            raise EngineError(f"the model file of {model.id!r} is no longer there")
        return await asyncio.to_thread(_launch, file, context)

    return StartedServer(ENGINE, client, offer, launch, patience)


def _window(file: ModelFile) -> int:
    """Return the window that the file would get: the real one, before it is loaded."""
    wanted = _REHEARSAL_CONTEXT if file.rehearsal else _CONTEXT
    return window_of(header_of(file.path), psutil.virtual_memory().total, wanted)


def _offered(file: ModelFile, context: int) -> LocalModel:
    return LocalModel(
        engine=_NAME,
        id=file.id,
        base_url="",
        context_tokens=context or _window(file),
        loaded=False,
        tools=False if file.rehearsal else None,  # its chat template knows none
        vision=False,
        reasoning=False if file.rehearsal else None,
        grammar=True,
        counts=True,
        continues=True,
        rehearsal=file.rehearsal,
        slots=_SLOTS,
        pins=True,
    )


def _fault(path: Path) -> str:
    """Return why no engine should open a model file, as far as its header tells; empty: none."""
    header = header_of(path)
    if isinstance(header, Fault):
        return header.words
    return misfit(header, psutil.virtual_memory().total)


def _launch(file: ModelFile, context: int) -> Launch:
    fault = _fault(file.path)
    if fault:
        raise EngineError(f"{file.path} {fault}")
    key = secrets.token_urlsafe(32)
    return Launch(
        argv=(
            sys.executable,
            "-P",  # nothing is imported from the folder that a command was started in
            "-m",
            "standby.adapters.engines.embedded_child",
            str(file.path.resolve()),
            file.id,
            str(context or _window(file)),
            str(_SLOTS),
            str(_CACHE_MIB),
        ),
        environment=clean_environment(os.environ, STANDBY_ENGINE_KEY=key),
        key=Secret(key),
    )
