"""Token counts: the cloud's own while it can, and ours when it cannot or a local model is asked."""

import asyncio
from dataclasses import replace
from typing import Final

from standby.app.cloud.candidate import Line, labelled
from standby.app.cloud.passage import Passage
from standby.app.local.engines import Engines
from standby.app.local.fitting import Fitting
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.handback.clean import clean
from standby.core.models.facts import LocalModel
from standby.core.policy.names import is_local_name, matches
from standby.core.quota.machine import State
from standby.core.request import NOBODY, Caller, Request
from standby.core.wire import asked, errors
from standby.core.wire.asked import Asked, Malformed
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import dumps
from standby.ports import EngineError, UpstreamError, Wire

__all__ = ["Counting"]

# Claude Code sends 25 at once and shows what comes; it estimates by itself when nothing does.
CLOUD_S: Final = 10.0
# llama.cpp counts beside a generation, some 50 ms for 5,000 tokens (measured). More at once only
# take the processor from the model; what is not counted in time is estimated.
AT_ONCE: Final = 4
HERE_S: Final = 2.0


class Counting:
    """Answers ``POST /v1/messages/count_tokens``."""

    def __init__(
        self, line: Line, engines: Engines, passage: Passage, fitting: Fitting | None = None
    ) -> None:
        self._line = line
        self._engines = engines
        self._passage = passage
        self._fitting = fitting or Fitting(engines)
        self._room = asyncio.Semaphore(AT_ONCE)

    async def count(self, request: Request, caller: Caller, wire: Wire) -> None:
        """Send ``{"input_tokens": N}``."""
        match asked.read(request.body):
            case Malformed(why) if caller.account == NOBODY:
                await wire.deliver(*errors.answer(400, why))
            case Malformed():
                await self._passage.pass_on(request, caller, wire)
            case Asked() as body if caller.trusted and self._stays(body, caller):
                await wire.deliver(*await self._here(body))
            case Asked() as body:
                cloud = await self._by_cloud(request)
                if caller.trusted and (cloud is None or cloud[0].status in _ELSEWHERE):
                    cloud = await self._here(body)
                await wire.deliver(*(cloud or errors.answer(502, "the cloud cannot be reached")))

    def _stays(self, body: Asked, caller: Caller) -> bool:
        if caller.account == NOBODY or is_local_name(body.model):
            return True
        return self._line.accounts.standing(caller.account, body.model).state is not State.OPEN

    async def _by_cloud(self, request: Request) -> tuple[Head, bytes] | None:
        head: Head | None = None
        body = bytearray()
        cleaned = replace(request, body=clean(request.body).body)
        try:
            async for item in self._line.items(cleaned, head_s=CLOUD_S):
                if isinstance(item, bytes):
                    body += item
                else:
                    head = labelled(item)
        except UpstreamError:
            return None
        return None if head is None or head.status in _REDIRECTS else (head, bytes(body))

    async def _here(self, body: Asked) -> tuple[Head, bytes]:
        tokens = await self._counted(body)
        lines = (("Content-Type", "application/json"), (SERVED_BY, "local"))
        return Head(200, lines), dumps({"input_tokens": max(tokens, 1)})

    async def _counted(self, body: Asked) -> int:
        known = self._engines.known()
        chosen = [model for model in known if matches(body.model, model)] or list(known)
        model = next(iter(chosen), None)
        exact = None if model is None else await self._exact(body, model)
        return self._fitting.tokens(body, model) if exact is None else exact

    async def _exact(self, body: Asked, model: LocalModel) -> int | None:
        """Return the server's own count; ``None`` when it cannot say, or not in time."""
        if not (model.counts and model.loaded):
            return None
        try:
            async with asyncio.timeout(HERE_S), self._room:
                chat = to_chat(body, model)
                return await self._engines.engine_of(model).count(model, chat.body)
        except (TimeoutError, EngineError):
            return None


_REDIRECTS: Final = frozenset(range(300, 400))
_ELSEWHERE: Final = frozenset({402, 429, *range(500, 600)})
