"""Local servers as they describe themselves, and engines without any server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web

from standby.core.models.facts import LocalModel
from standby.core.wire.json import JSON, dumps
from tests.fakes.serving import served

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    """One request that a fake server got."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakeServer:
    """A server on loopback that answers what it was told to, and 404 to all else."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)


@asynccontextmanager
async def serve(answers: Mapping[str, object], server: str = "fake") -> AsyncIterator[FakeServer]:
    """Serve answers by their path: JSON with a 200, or whatever a handler does."""
    fake = FakeServer()

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        fake.seen.append(Seen(request.method, request.path_qs, dict(request.headers), body))
        found = answers.get(request.path)
        if callable(found):
            return await found(request)
        headers = {"Server": server}
        if found is None:
            return web.Response(status=404, body=b'{"error":"not found"}', headers=headers)
        return web.Response(body=dumps(found), content_type="application/json", headers=headers)

    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{tail:.*}", answer)
    async with served(application) as fake.url:
        yield fake


@dataclass(frozen=True)
class Described:
    """How a kind of server describes itself, and how that is to be read; base URLs left out."""

    answers: Mapping[str, object]
    models: tuple[LocalModel, ...]
    server: str = "uvicorn"


async def _ollama_show(request: web.Request) -> web.StreamResponse:
    name = (await request.json()).get("model")
    shown: dict[str, dict[str, JSON]] = {
        "coder:30b": {
            "capabilities": ["completion", "tools", "vision", "thinking"],
            "model_info": {"qwen3.context_length": 262144},
        },
        "small:3b": {"capabilities": ["completion"], "parameters": "temperature 1\nnum_ctx  32768"},
        "nomic-embed-text": {"capabilities": ["embedding"]},
    }
    return web.Response(body=dumps(shown[str(name)]), content_type="application/json")


def _openai(*items: dict[str, JSON]) -> JSON:
    return {"object": "list", "data": [{"object": "model", "created": 1, **it} for it in items]}


SERVERS: Mapping[str, Described] = {
    "lmstudio": Described(
        {
            "/api/v1/models": {
                "models": [
                    {
                        "type": "llm",
                        "key": "qwen/coder",
                        "display_name": "Coder",
                        "loaded_instances": [
                            {"id": "qwen/coder:2", "config": {"context_length": 65536}},
                            {"id": "qwen/coder:3", "config": {"context_length": 32768}},
                        ],
                        "max_context_length": 262144,
                        "capabilities": {
                            "vision": True,
                            "trained_for_tool_use": True,
                            "reasoning": {"allowed_options": ["off", "low"], "default": "low"},
                        },
                    },
                    {
                        "type": "llm",
                        "key": "small",
                        "loaded_instances": [],
                        "max_context_length": 8192,
                        "capabilities": {"vision": False, "trained_for_tool_use": False},
                    },
                    {"type": "embedding", "key": "nomic", "loaded_instances": []},
                    {"no": "key"},
                    "no model",
                ]
            },
            "/v1/models": _openai({"id": "qwen/coder", "owned_by": "organization_owner"}),
        },
        (
            LocalModel(
                "lmstudio",
                "qwen/coder:2",
                "",
                context_tokens=32768,
                tools=True,
                vision=True,
                reasoning=True,
            ),
            LocalModel("lmstudio", "small", "", loaded=False, tools=False, vision=False),
        ),
    ),
    "ollama": Described(
        {
            "/api/version": {"version": "0.31.0"},
            "/api/tags": {
                "models": [
                    {"name": "small:3b"},
                    {"name": "coder:30b"},
                    {"name": "nomic-embed-text"},
                    {"name": "huge:480b-cloud"},
                    {"name": "other", "remote_host": "https://elsewhere.example"},
                    {"name": 7},
                ]
            },
            "/api/ps": {"models": [{"name": "coder:30b", "context_length": 131072}]},
            "/api/show": _ollama_show,
            "/v1/models": _openai({"id": "coder:30b", "owned_by": "library"}),
        },
        (
            LocalModel(
                "ollama",
                "coder:30b",
                "",
                context_tokens=131072,
                tools=True,
                vision=True,
                reasoning=True,
                truncates=True,
            ),
            LocalModel(
                "ollama",
                "small:3b",
                "",
                context_tokens=32768,
                loaded=False,
                tools=False,
                vision=False,
                reasoning=False,
                truncates=True,
            ),
        ),
    ),
    "llamacpp": Described(
        {
            "/props": {
                "default_generation_settings": {"n_ctx": 65536, "params": {}},
                "total_slots": 2,
                "modalities": {"vision": True},
                "chat_template_caps": {"supports_tools": True},
                "chat_template": "{{ enable_thinking }}",
            },
            "/v1/models": {
                "models": [{"name": "coder"}],
                "object": "list",
                "data": [
                    {"id": "coder", "object": "model", "owned_by": "llamacpp", "meta": None},
                ],
            },
        },
        (
            LocalModel(
                "llamacpp",
                "coder",
                "",
                context_tokens=65536,
                tools=True,
                vision=True,
                reasoning=True,
                grammar=True,
                counts=True,
                continues=True,
                slots=2,
            ),
        ),
        server="llama.cpp",
    ),
    "vllm": Described(
        {
            "/version": {"version": "0.20.1"},
            "/health": {},
            "/v1/models": _openai(
                {"id": "coder", "owned_by": "vllm", "max_model_len": 131072},
                {"id": "bge-reranker", "owned_by": "vllm", "max_model_len": 512},
            ),
        },
        (LocalModel("vllm", "coder", "", context_tokens=131072, slots=8),),
    ),
    "sglang": Described(
        {
            "/version": {"version": "0.6"},
            "/get_server_info": {"context_length": 98304, "model_path": "coder"},
            "/v1/models": _openai(
                {"id": "coder", "owned_by": "sglang", "max_model_len": None},
                {"id": "other", "owned_by": "sglang", "max_model_len": 4096},
            ),
        },
        (
            LocalModel("sglang", "coder", "", context_tokens=98304, slots=8),
            LocalModel("sglang", "other", "", context_tokens=4096, slots=8),
        ),
    ),
    "mlx": Described(
        {"/health": {"status": "ok"}, "/v1/models": _openai({"id": "mlx-community/coder"})},
        (LocalModel("mlx", "mlx-community/coder", ""),),
        server="BaseHTTP/0.6 Python/3.12.1",
    ),
    "openai_compatible": Described(
        {
            "/v1/models": _openai(
                {"id": "jan/coder", "context_length": 16384}, {"id": "my-embedder"}
            )
        },
        (LocalModel("openai_compatible", "jan/coder", "", context_tokens=16384),),
        server="Jan",
    ),
}
"""By the name of the engine whose server it is. A new engine adds its own here."""


class FakeEngine:
    """A running engine that is not there at all."""

    def __init__(self, name: str, *models: LocalModel) -> None:
        self._name = name
        self.offers = models
        self.asked = 0

    @property
    def name(self) -> str:
        return self._name

    async def models(self) -> tuple[LocalModel, ...]:
        self.asked += 1
        return self.offers

    async def chat(self, model: LocalModel, body: Mapping[str, JSON]) -> AsyncIterator[bytes]:
        yield dumps({"model": model.id, **body})

    async def count(self, model: LocalModel, body: Mapping[str, JSON]) -> int | None:
        return len(body) if model.counts else None


class FakeStartable(FakeEngine):
    """An engine that has to be started first."""

    def __init__(self, name: str, *models: LocalModel) -> None:
        super().__init__(name, *models)
        self.starts = 0
        self.stops = 0
        self.deaf = False
        self.computes = True
        self.given_up: list[str] = []

    async def start(self, model: LocalModel) -> LocalModel:
        self.starts += 1
        return replace(model, loaded=True, base_url="http://127.0.0.1:1", context_tokens=4096)

    async def rest(self) -> bool:
        return False

    async def is_deaf(self) -> bool:
        return self.deaf

    async def turns(self, within_s: float) -> bool:
        return self.computes

    async def give_up(self, why: str) -> None:
        self.given_up.append(why)

    async def stop(self) -> None:
        self.stops += 1
