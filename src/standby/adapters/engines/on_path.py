"""``llama-server`` or ``llama serve`` on PATH, started with the model file that a person named.

It is built for the machine's own processor or graphics card, which the embedded engine may not be.
"""

import asyncio
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil
from aiohttp import ClientSession

from standby.adapters.child import clean_environment
from standby.adapters.engines.chat import Patience
from standby.adapters.engines.spec import LLAMA_ADDS, EngineSpec
from standby.adapters.engines.started import Launch, StartedServer
from standby.adapters.model_header import header_of, shape_of, window_of
from standby.core.models.facts import LocalModel
from standby.core.models.fit import Hardware
from standby.core.models.gguf import Fault, Header
from standby.core.models.tuning import tune
from standby.core.redact import Secret
from standby.ports import EngineError

__all__ = ["ENGINE", "engine"]

_NAME: Final = "on_path"
_CONTEXT: Final = 65536
_SLOTS: Final = 2  # the conversation, and what goes beside it


async def _probe(
    _client: ClientSession, _url: str, _key: Secret | None
) -> tuple[LocalModel, ...] | None:
    """It is started, not found."""
    return None


ENGINE: Final = EngineSpec(
    name=_NAME,
    title="llama.cpp on PATH",
    probe=_probe,
    order=80,
    continues=True,
    grammar=True,
    counts=True,
    reads=True,
    adds=LLAMA_ADDS,
    pins=True,
)


def engine(
    client: ClientSession,
    model_file: Path | Callable[[], Path | None] | None,
    *,
    context: int = 0,
    slots: int = 0,
    path: str | None = None,
    hardware: Callable[[], Hardware] | None = None,
    stop_s: float = 0.0,
    patience: Patience | None = None,
) -> StartedServer:
    """Return the engine; it offers nothing without a model file or without the program.

    ``model_file`` may be what chooses one; it is asked each time, on a thread, and so is
    ``hardware``, by which its caches are bounded. After ``stop_s`` without a request it may end.
    ``slots`` is how many requests it works on at once; 0: two.
    """

    def choose() -> Path | None:
        file = model_file() if callable(model_file) else model_file
        return file if file is not None and file.is_file() and _command(path) else None

    def describe() -> LocalModel | None:
        file = choose()
        if file is None:
            return None
        return LocalModel(
            engine=_NAME,
            id=file.name.removesuffix(".gguf"),
            base_url="",
            context_tokens=context or _window(file),
            loaded=False,
            vision=False,
            grammar=True,
            counts=True,
            continues=True,
            slots=slots or _SLOTS,
            pins=True,
        )

    async def offer() -> LocalModel | None:
        return await asyncio.to_thread(describe)

    async def launch(model: LocalModel) -> Launch:
        file = await asyncio.to_thread(choose)
        return await asyncio.to_thread(
            _launch, path, file, model.id, context, slots or _SLOTS, hardware
        )

    return StartedServer(ENGINE, client, offer, launch, patience, stop_s)


def _command(path: str | None) -> tuple[str, ...]:
    server = shutil.which("llama-server", path=path)
    if server is not None:
        return (server,)
    program = shutil.which("llama", path=path)
    return () if program is None else (program, "serve")


def _window(file: Path) -> int:
    return window_of(header_of(file), psutil.virtual_memory().total, _CONTEXT)


def _bounded(
    header: Header, window: int, hardware: Callable[[], Hardware] | None
) -> dict[str, str]:
    """Return how large its caches may grow. All else it chooses by itself, for its own build."""
    if hardware is None:
        return {}
    tuning = tune(shape_of(header), hardware(), window)
    return {
        "LLAMA_ARG_CACHE_RAM": str(tuning.cache_mib),
        "LLAMA_ARG_CTX_CHECKPOINTS": str(tuning.checkpoints),
    }


def _launch(
    path: str | None,
    model_file: Path | None,
    alias: str,
    context: int,
    slots: int,
    hardware: Callable[[], Hardware] | None,
) -> Launch:
    command = _command(path)
    if not command or model_file is None:
        raise EngineError("llama.cpp is no longer on PATH, or its model file is gone")
    header = header_of(model_file)
    if isinstance(header, Fault):
        raise EngineError(f"{model_file} {header.words}")
    window = context or _window(model_file)
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
        environment=clean_environment(
            os.environ,
            LLAMA_API_KEY=key,
            LLAMA_ARG_CORS_ORIGINS="http://127.0.0.1",
            LLAMA_ARG_CACHE_IDLE_SLOTS="0",
            LLAMA_ARG_KV_UNIFIED="1",
            LLAMA_ARG_N_PARALLEL=str(slots),
            LLAMA_ARG_OFFLINE="1",
            LLAMA_ARG_UI="0",
            LLAMA_ARG_WEBUI="0",
            **_bounded(header, window, hardware),
        ),
        key=Secret(key),
        url=f"http://127.0.0.1:{port}",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return int(port)
