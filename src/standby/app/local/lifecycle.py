"""What a person asks of an engine: hold this model in memory, let go of that one.

What standby does by itself, before an answer, is in :mod:`standby.app.local.engines`.
"""

from dataclasses import dataclass

from standby.app.local.engines import Engines
from standby.core.models.facts import LocalModel
from standby.ports import EngineError

__all__ = ["Lifecycle"]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The models of all engines, by the names that people call them."""

    engines: Engines

    async def load(self, name: str, context_tokens: int = 0) -> LocalModel:
        """Load a model; return it as it is served then. Raise :class:`EngineError`.

        ``context_tokens`` is the window wanted; 0: that of the settings.
        """
        model = await self._named(name)
        if model.loaded and not context_tokens:
            return model
        return await self.engines.load(model, context_tokens)

    async def unload(self, name: str) -> LocalModel:
        """Give a model's memory back; return the model. Raise :class:`EngineError`."""
        model = await self._named(name)
        await self.engines.unload(model)
        return model

    async def _named(self, name: str) -> LocalModel:
        await self.engines.refresh()
        model = self.engines.named(name)
        if model is None:
            there = ", ".join(one.key for one in self.engines.known()) or "none"
            raise EngineError(f"there is no model {name!r} on this machine; there is: {there}")
        return model
