"""The engines of this machine without a gateway: what they have, and a pull of their own."""

from collections.abc import Callable

from standby.adapters.engines import ollama
from standby.adapters.host.clock import SystemClock
from standby.adapters.host.paths import Paths
from standby.adapters.net import http_client
from standby.app.engines import Engines, Preference
from standby.app.models import Progress
from standby.core.models.facts import LocalModel
from standby.core.settings import Settings
from standby.wiring.gateway import engines_of

__all__ = ["local_models", "pull_with_ollama"]


async def local_models(settings: Settings, where: Paths) -> tuple[LocalModel, ...]:
    """Return what all engines have now, best first. Nothing is started."""
    async with http_client() as client:
        local = settings.local
        preference = Preference(local.engine, local.model)
        engines = Engines(engines_of(settings, where, client), preference, SystemClock())
        return await engines.candidates()


async def pull_with_ollama(
    tag: str, told: Callable[[Progress], None], url: str = ollama.ENGINE.urls[0]
) -> None:
    """Have Ollama fetch a model. Raise :class:`FetchError`."""
    async with http_client() as client:
        async for step, done, whole in ollama.pull(client, url, tag):
            told(Progress(step, done, whole))
