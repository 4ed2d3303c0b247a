"""A local server that says at once what a test wants, and of itself what a test wants, too.

It speaks as llama.cpp's does, which tells the most of itself: window, eyes, how long it took.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from standby.core.wire.json import JSON, dumps, loads
from tests.fakes.serving import served

SAYS = "The local server says so."


@dataclass
class LocalServer:
    """``async with local_server("coder", window=200_000) as server: ... server.url ...``"""

    model: str
    window: int = 65_536
    sees: bool = False
    read_s: float = 0.0
    """How long it says that it has read the whole prompt; 0: it does not say."""
    written_s: float = 0.01
    """How long it says that it has written, where it says how long it took."""
    acts: Callable[[dict[str, JSON]], Awaitable[tuple[str, JSON] | None]] | None = None
    """Names the tool to call and its input for a request; ``None``: it says its sentence."""
    url: str = ""
    asked: list[dict[str, JSON]] = field(default_factory=list)

    async def props(self, _request: web.Request) -> web.Response:
        settings = {"n_ctx": self.window, "params": {}}
        caps = {"supports_tools": True}
        return web.json_response(
            {
                "default_generation_settings": settings,
                "total_slots": 4,
                "chat_template_caps": caps,
                "chat_template": "{{ messages }}",
                "modalities": {"vision": self.sees},
            }
        )

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": self.model}]})

    async def count(self, request: web.Request) -> web.Response:
        return web.json_response({"input_tokens": len(await request.read()) // 4})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = loads(body)
        self.asked.append(asked)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        called = None if self.acts is None else await self.acts(asked)
        await response.write(self._answer(called, len(body) // 4))
        return response

    def _answer(self, called: tuple[str, JSON] | None, tokens: int) -> bytes:
        if called is None:
            said = [_chunk({"content": SAYS}), _chunk({}, "stop")]
        else:
            name, given = called
            function = {"name": name, "arguments": dumps(given).decode()}
            call = {"index": 0, "id": "call_1", "type": "function", "function": function}
            said = [_chunk({"tool_calls": [call]}), _chunk({}, "tool_calls")]
        usage = {"prompt_tokens": tokens, "completion_tokens": 9}
        last: dict[str, JSON] = {"choices": [], "usage": usage}
        if self.read_s:
            took = {"prompt_n": tokens, "prompt_ms": self.read_s * 1000, "cache_n": 0}
            wrote = {"predicted_n": 76, "predicted_ms": self.written_s * 1000}
            last["timings"] = {**took, **wrote}
        return b"".join((*said, b"data: %b\n\ndata: [DONE]\n\n" % dumps(last)))


def _chunk(delta: JSON, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %b\n\n" % dumps({"object": "chat.completion.chunk", "choices": [choice]})


@asynccontextmanager
async def local_server(model: str, **more: object) -> AsyncIterator[LocalServer]:
    """Serve on loopback until the block ends."""
    server = LocalServer(model, **more)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_get("/props", server.props)
    application.router.add_get("/v1/models", server.models)
    application.router.add_post("/v1/chat/completions/input_tokens", server.count)
    application.router.add_post("/v1/chat/completions", server.chat)
    async with served(application) as server.url:
        yield server
