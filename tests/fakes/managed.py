"""Servers that hold models in memory and let go of them, strict about what they are told.

Their shapes are those of the servers' documentation: a field that is not there is refused, and so
is a wrong type. None of these servers was run for real.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from standby.core.wire.json import JSON, dumps, loads
from tests.fakes.engines import Handler

LOAD_FIELDS = {
    "model": str,
    "context_length": int,
    "eval_batch_size": int,
    "flash_attention": bool,
    "num_experts": int,
    "offload_kv_cache_to_gpu": bool,
    "echo_load_config": bool,
}


def said(value: JSON, status: int = 200) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json", status=status)


def refused(status: int, why: str) -> web.Response:
    return said({"error": {"message": why, "type": "invalid_request_error"}}, status)


async def strict(request: web.Request, fields: dict[str, type], *needed: str) -> dict[str, JSON]:
    """Return the body of a request; raise unless it has these fields and no others."""
    if request.method != "POST" or request.content_type != "application/json":
        raise web.HTTPMethodNotAllowed(request.method, ["POST"])
    body = loads(await request.read())
    assert isinstance(body, dict)
    for name, value in body.items():
        if name not in fields or type(value) is not fields[name]:
            raise web.HTTPBadRequest(text=f"{name}: unknown, or of a wrong type")
    for name in needed:
        if name not in body:
            raise web.HTTPBadRequest(text=f"{name} is missing")
    return body


@dataclass
class LmStudio:
    """LM Studio 0.4: ``instances`` are what is loaded, with their windows."""

    most: dict[str, int]
    """The models on disk, with the largest window of each."""
    instances: dict[str, tuple[str, int]] = field(default_factory=dict)
    small: bool = False
    """Whether it loads with a window of 4096, whatever it was told."""
    older_name: bool = False
    """Whether it answers as the first edition of the interface did."""
    full: bool = False

    @property
    def answers(self) -> dict[str, Handler]:
        return {
            "/api/v1/models": self.models,
            "/api/v1/models/load": self.load,
            "/api/v1/models/unload": self.unload,
        }

    async def models(self, _request: web.Request) -> web.Response:
        return said(
            {
                "models": [
                    {
                        "type": "llm",
                        "key": key,
                        "loaded_instances": [
                            {"id": name, "config": {"context_length": window}}
                            for name, (of, window) in self.instances.items()
                            if of == key
                        ],
                        "max_context_length": most,
                    }
                    for key, most in self.most.items()
                ]
            }
        )

    async def load(self, request: web.Request) -> web.Response:
        body = await strict(request, LOAD_FIELDS, "model")
        key = str(body["model"])
        if key not in self.most:
            return refused(404, f"model {key} not found")
        if self.full:
            return refused(500, "insufficient system resources: out of memory")
        window = body.get("context_length", 4096)
        assert isinstance(window, int)
        if window > self.most[key]:
            return refused(400, "context_length is beyond the model's maximum")
        count = sum(of == key for of, _ in self.instances.values())
        name = f"{key}:{count + 1}" if count else key
        self.instances[name] = (key, 4096 if self.small else window)
        called = "model_instance_id" if self.older_name else "instance_id"
        loaded = {"type": "llm", called: name, "load_time_seconds": 9.1, "status": "loaded"}
        return said({**loaded, "load_config": {"context_length": window}})

    async def unload(self, request: web.Request) -> web.Response:
        body = await strict(request, {"instance_id": str}, "instance_id")
        name = str(body["instance_id"])
        if self.instances.pop(name, None) is None:
            return refused(404, f"no instance {name}")
        return said({"instance_id": name})


@dataclass
class Ollama:
    """Ollama: ``kept`` are the loaded models, with how long they are kept."""

    names: list[str]
    kept: dict[str, JSON] = field(default_factory=dict)

    @property
    def answers(self) -> dict[str, Handler]:
        async def version(_request: web.Request) -> web.Response:
            return said({"version": "0.31.0"})

        async def tags(_request: web.Request) -> web.Response:
            return said({"models": [{"name": name} for name in self.names]})

        async def ps(_request: web.Request) -> web.Response:
            return said({"models": [{"name": name, "context_length": 4096} for name in self.kept]})

        return {
            "/api/version": version,
            "/api/tags": tags,
            "/api/ps": ps,
            "/api/generate": self.generate,
        }

    async def generate(self, request: web.Request) -> web.Response:
        body = loads(await request.read())
        assert isinstance(body, dict)
        # No `options`: a window given here would be gone with the next chat completion.
        if set(body) != {"model", "keep_alive", "stream"} or body["stream"] is not False:
            return said({"error": "what is that?"}, 400)
        name, keep = str(body["model"]), body["keep_alive"]
        if name not in self.names:
            return said({"error": f"model '{name}' not found"}, 404)
        if keep == 0:
            self.kept.pop(name, None)
        else:
            self.kept[name] = keep
        reason = "unload" if keep == 0 else "load"
        done = {"model": name, "created_at": "2026-11-28T07:00:00Z", "response": "", "done": True}
        return said({**done, "done_reason": reason})


@dataclass
class Router:
    """llama.cpp's server without a model: each question about a model that loads takes it on."""

    states: dict[str, list[str]]
    """What it says of each model, one state for each time it is asked; the last stays."""
    told: list[tuple[str, str]] = field(default_factory=list)
    then: Callable[[str, str], list[str]] = lambda _what, _name: ["loading", "loaded"]

    @property
    def answers(self) -> dict[str, Handler]:
        async def props(_request: web.Request) -> web.Response:
            return said({"role": "router"})

        return {
            "/props": props,
            "/models": self.models,
            "/v1/models": self.models,
            "/models/load": self.load,
            "/models/unload": self.unload,
        }

    async def models(self, _request: web.Request) -> web.Response:
        listed = []
        for name, states in self.states.items():
            state = states.pop(0) if len(states) > 1 else states[0]
            listed.append({"id": name, "status": {"value": state}})
        return said({"data": listed})

    async def load(self, request: web.Request) -> web.Response:
        return await self._tell("load", request)

    async def unload(self, request: web.Request) -> web.Response:
        return await self._tell("unload", request)

    async def _tell(self, what: str, request: web.Request) -> web.Response:
        body = await strict(request, {"model": str}, "model")
        name = str(body["model"])
        if name not in self.states:
            return refused(400, "model is not found")
        self.told.append((what, name))
        self.states[name] = self.then(what, name) if what == "load" else ["unloaded"]
        return said({"success": True})
