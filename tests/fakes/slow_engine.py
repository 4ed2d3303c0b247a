"""A local server that takes its time over a prompt, and tells of it as llama.cpp does, or not."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from standby.core.wire.json import dumps, loads
from tests.fakes.serving import served

SAYS = "I have read all of it."


@dataclass
class SlowEngine:
    """``async with slow_engine(seconds) as engine: ... engine.url ... engine.asked ...``"""

    seconds: float
    tells: bool = True
    """Whether it tells how far it is; else not a byte comes before the first word."""
    beat_s: float = 1.0
    tokens: int = 16_000
    url: str = ""
    asked: list[dict] = field(default_factory=list)
    """Each request for an answer, and at ``came`` and ``went`` when it came and ended."""

    async def props(self, _request):
        settings = {"n_ctx": 65_536, "params": {}}
        caps = {"supports_tools": True}
        props = {"default_generation_settings": settings, "total_slots": 1}
        return web.json_response({**props, "chat_template_caps": caps, "chat_template": "{{m}}"})

    async def models(self, _request):
        return web.json_response({"object": "list", "data": [{"id": "slow", "object": "model"}]})

    async def count(self, _request):
        return web.json_response({"input_tokens": self.tokens})

    async def chat(self, request):
        asked = loads(await request.read()) | {"came": time.monotonic(), "went": None}
        self.asked.append(asked)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        began = time.monotonic()
        if self.tells:
            await response.prepare(request)
        try:
            while (past := time.monotonic() - began) < self.seconds:
                if self.tells:
                    await response.write(self._progress(past))
                await asyncio.sleep(min(self.beat_s, self.seconds - past))
            if not self.tells:
                await response.prepare(request)
            await response.write(self._answer())
        finally:
            asked["went"] = time.monotonic()
        return response

    def _progress(self, past):
        read = int(self.tokens * past / self.seconds)
        told = {"total": self.tokens, "cache": 0, "processed": read, "time_ms": past * 1000}
        return _chunk({"role": "assistant", "content": None}, prompt_progress=told)

    def _answer(self):
        usage = {"prompt_tokens": self.tokens, "completion_tokens": 6}
        return b"".join(
            (
                *(_chunk({"content": f"{word} "}) for word in SAYS.split(" ")),
                _chunk({}, "stop"),
                b"data: %b\n\ndata: [DONE]\n\n" % dumps({"choices": [], "usage": usage}),
            )
        )


def _chunk(delta, finish=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %b\n\n" % dumps({"object": "chat.completion.chunk", "choices": [choice], **more})


@asynccontextmanager
async def slow_engine(seconds, **more):
    engine = SlowEngine(seconds, **more)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_get("/props", engine.props)
    application.router.add_get("/v1/models", engine.models)
    application.router.add_post("/v1/chat/completions/input_tokens", engine.count)
    application.router.add_post("/v1/chat/completions", engine.chat)
    async with served(application) as engine.url:
        yield engine
