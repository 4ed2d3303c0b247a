"""The engines of this machine without a gateway: what they have, and a pull of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from standby.adapters.engines import ollama
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.paths import Paths
from standby.adapters.net import http_client
from standby.app.local.engines import Engines, Preference, Startable
from standby.app.local.lifecycle import Lifecycle
from standby.app.models import Progress
from standby.core.models.facts import LocalModel
from standby.core.settings import Settings
from standby.wiring.engines import engines_of

__all__ = ["load_model", "local_models", "pull_with_ollama", "unload_model"]


async def local_models(settings: Settings, where: Paths) -> tuple[LocalModel, ...]:
    """Return what all engines have now, best first. Nothing is started."""
    async with http_client() as client:
        local = settings.local
        preference = Preference(local.engine, local.model)
        engines = Engines(engines_of(settings, where, client), preference, SystemClock())
        return await engines.candidates()


async def load_model(settings: Settings, where: Paths, name: str, context: int) -> LocalModel:
    """Have a server that runs load a model. Raise :class:`EngineError`."""
    async with _servers(settings, where) as lifecycle:
        return await lifecycle.load(name, context)


async def unload_model(settings: Settings, where: Paths, name: str) -> LocalModel:
    """Have a server that runs give a model's memory back. Raise :class:`EngineError`."""
    async with _servers(settings, where) as lifecycle:
        return await lifecycle.unload(name)


@asynccontextmanager
async def _servers(settings: Settings, where: Paths) -> AsyncIterator[Lifecycle]:
    """Give the servers that others run: an engine of ours would end with this command."""
    async with http_client() as client:
        every = engines_of(settings, where, client)
        servers = [engine for engine in every if not isinstance(engine, Startable)]
        local = settings.local
        preference = Preference(local.engine, local.model, context=local.context)
        yield Lifecycle(Engines(servers, preference, SystemClock()))


async def pull_with_ollama(tag: str, told: Callable[[Progress], None]) -> None:
    """Have Ollama fetch a model. Raise :class:`FetchError`."""
    async with http_client() as client:
        async for step, done, whole in ollama.pull(client, ollama.ENGINE.urls[0], tag):
            told(Progress(step, done, whole))
