"""What every engine in the package must be like."""

import importlib
import pkgutil
from dataclasses import replace

import anyio
import pytest
from aiohttp import ConnectionTimeoutError, web

from standby.adapters import engines
from standby.adapters.engines.chat import ChatServer
from standby.adapters.engines.spec import EngineSpec, is_loopback
from standby.adapters.net import http_client
from standby.app.local.engines import Engines, Preference
from standby.core.redact import Secret
from standby.ports import Engine
from tests.fakes.engines import SERVERS, serve

pytestmark = pytest.mark.anyio

SHARED = {
    *(
        "chat",
        "drafting",
        "embedded_child",
        "experience",
        "launch",
        "signs",
        "slots",
        "spec",
        "started",
        "tuner",
    ),
}
SPECS: dict[str, EngineSpec] = {
    info.name: importlib.import_module(f"{engines.__name__}.{info.name}").ENGINE
    for info in pkgutil.iter_modules(engines.__path__)
    if info.name not in SHARED
}
OURS = {"embedded", "on_path"}
FOUND = sorted(SPECS.keys() - OURS)
EVERY_PATH = {path for described in SERVERS.values() for path in described.answers}


class Ticks:
    def now(self):
        return 0.0

    def ticks(self):
        return 0.0


@pytest.mark.parametrize("name", sorted(SPECS))
def test_an_engine_goes_by_the_name_of_its_file(name):
    assert SPECS[name].name == name
    assert SPECS[name].title


def test_no_two_engines_have_the_same_place():
    places = [spec.order for spec in SPECS.values()]
    assert len(set(places)) == len(places)
    assert SPECS["embedded"].order == max(places)


@pytest.mark.parametrize("name", FOUND)
def test_an_engine_looks_only_on_this_machine(name):
    assert SPECS[name].urls
    assert all(is_loopback(url) for url in SPECS[name].urls)


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_we_start_ourselves_is_not_looked_for(name):
    assert () == SPECS[name].urls


def test_there_is_a_fake_server_for_each_engine():
    assert FOUND == sorted(SERVERS)


@pytest.mark.parametrize("name", FOUND)
async def test_an_engine_reads_its_own_server(name):
    described = SERVERS[name]
    async with serve(described.answers, described.server) as server, http_client() as client:
        engine: Engine = ChatServer(SPECS[name], client, urls=(server.url,))
        expected = tuple(replace(model, base_url=server.url) for model in described.models)

        assert expected == await engine.models()


@pytest.mark.parametrize("name", [name for name in FOUND if not SPECS[name].last_resort])
async def test_an_engine_does_not_take_another_ones_server(name):
    async with http_client() as client:
        for other, described in SERVERS.items():
            if other == name:
                continue
            async with serve(described.answers, described.server) as server:
                engine = ChatServer(SPECS[name], client, urls=(server.url,))

                assert () == await engine.models(), f"{name} took the server of {other}"


@pytest.mark.parametrize("name", FOUND)
async def test_a_server_belongs_to_one_engine_when_all_look_there(name):
    described = SERVERS[name]
    async with serve(described.answers, described.server) as server, http_client() as client:
        specs = sorted((SPECS[each] for each in FOUND), key=lambda spec: spec.order)
        all_of_them = [ChatServer(spec, client, urls=(server.url,)) for spec in specs]

        found = await Engines(all_of_them, Preference(), Ticks()).candidates()

        assert {name} == {model.engine for model in found}


@pytest.mark.parametrize("name", FOUND)
async def test_nobody_there_is_no_model_and_no_error(name):
    async with serve({}) as server:
        gone = server.url
    async with http_client() as client:
        assert () == await ChatServer(SPECS[name], client, urls=(gone,)).models()


ODD = (None, True, -1, 0, 1e300, "", "x", [], {}, [None], [[]], [{"id": 1}], {"id": None})


def bent(value):
    """Yield the value with one odd thing in each of its places in turn."""
    yield from ODD
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        inner = bent(part) if isinstance(part, dict | list) else ODD
        for odd in inner:
            copy = value.copy()
            copy[key] = odd
            yield copy


@pytest.mark.parametrize("name", FOUND)
async def test_odd_answers_are_unknown_and_not_an_error(name):
    described = SERVERS[name]
    answers = dict(described.answers)
    async with serve(answers, described.server) as server, http_client() as client:
        engine = ChatServer(SPECS[name], client, urls=(server.url,))
        for path, answer in described.answers.items():
            if callable(answer):
                continue
            for odd in bent(answer):
                answers[path] = odd
                for model in await engine.models():
                    assert name == model.engine
                    assert isinstance(model.id, str)
                    assert model.context_tokens is None or model.context_tokens > 0
            answers[path] = answer
        assert len(described.models) == len(await engine.models())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 3000, b"0" * 5_000_000])
async def test_what_is_not_json_or_too_much_of_it_is_no_server_of_ours(body):
    async def garbage(_request):
        return web.Response(body=body, content_type="application/json")

    answers = dict.fromkeys(EVERY_PATH, garbage)
    async with serve(answers) as server, http_client() as client:
        for name in FOUND:
            assert () == await ChatServer(SPECS[name], client, urls=(server.url,)).models()


async def test_servers_that_hang_are_left_after_a_moment():
    async def hang(_request):
        await anyio.sleep(60)
        return web.Response()

    async with serve(dict.fromkeys(EVERY_PATH, hang)) as server, http_client() as client:
        all_of_them = [ChatServer(SPECS[name], client, urls=(server.url,)) for name in FOUND]
        with anyio.fail_after(10):
            assert () == await Engines(all_of_them, Preference(), Ticks()).candidates()
        assert server.seen


async def test_a_server_that_is_too_busy_to_say_has_what_it_had():
    busy = False
    described = SERVERS["vllm"]

    async def version(_request):
        if busy:
            await anyio.sleep(30)
        return web.Response(body=b'{"version":"1"}', content_type="application/json")

    answers = {**described.answers, "/version": version}
    async with serve(answers) as server, http_client() as client:
        engine = ChatServer(SPECS["vllm"], client, urls=(server.url,))
        before = await engine.models()
        busy = True

        assert before
        assert before == await engine.models()


class Standing:
    """A client on a machine that stands still now and then: no connection comes about in time."""

    def __init__(self, client):
        self._client = client
        self.still = False

    def request(self, *words, **more):
        if self.still:
            raise ConnectionTimeoutError
        return self._client.request(*words, **more)


@pytest.mark.parametrize("name", FOUND)
async def test_a_server_that_cannot_be_reached_in_time_has_what_it_had(name):
    described = SERVERS[name]
    async with serve(described.answers, described.server) as server, http_client() as client:
        standing = Standing(client)
        engine = ChatServer(SPECS[name], standing, urls=(server.url,))
        before = await engine.models()
        standing.still = True

        assert before
        assert before == await engine.models()


async def test_a_configured_server_goes_by_its_own_name_with_the_model_that_was_named():
    described = SERVERS["lmstudio"]
    async with serve(described.answers) as server, http_client() as client:
        named = ChatServer(SPECS["lmstudio"], client, name="desk", urls=(server.url,), only="small")
        unlisted = ChatServer(
            SPECS["lmstudio"], client, name="desk", urls=(server.url,), only="hidden"
        )

        assert ["desk/small"] == [model.key for model in await named.models()]
        assert ["desk/hidden"] == [model.key for model in await unlisted.models()]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.5:1234",
        "https://127.0.0.1:1234",
        "http://127.0.0.1.evil.example:1234",
        "http://evil.example",
        "http://user@127.0.0.1:1234",
        "file:///etc/passwd",
        "http://[broken",
    ],
)
async def test_a_server_on_another_machine_is_refused(url):
    async with http_client() as client:
        with pytest.raises(ValueError, match="not on this machine"):
            ChatServer(SPECS["lmstudio"], client, urls=(url,))


@pytest.mark.parametrize("written", ["", "/", "/v1", "/v1/"])
async def test_a_person_may_write_a_servers_url_in_any_of_the_usual_ways(written):
    described = SERVERS["openai_compatible"]
    async with serve(described.answers) as server, http_client() as client:
        engine = ChatServer(SPECS["openai_compatible"], client, urls=(server.url + written,))

        assert [server.url] == [model.base_url for model in await engine.models()]


async def test_a_router_tells_which_of_its_models_are_loaded():
    answers = {
        "/props": {"role": "router"},
        "/v1/models": {
            "data": [
                {"id": "a", "status": {"value": "loaded"}},
                {"id": "b", "status": {"value": "unloaded"}},
            ]
        },
    }
    async with serve(answers) as server, http_client() as client:
        found = await ChatServer(SPECS["llamacpp"], client, urls=(server.url,)).models()

    assert [("a", True), ("b", False)] == [(model.id, model.loaded) for model in found]


async def test_the_older_interface_of_lm_studio_is_read():
    answers = {
        "/api/v0/models": {
            "object": "list",
            "data": [
                {"id": "a", "type": "vlm", "state": "loaded", "loaded_context_length": 4096},
                {"id": "b", "type": "embeddings", "state": "loaded"},
            ],
        }
    }
    async with serve(answers) as server, http_client() as client:
        (found,) = await ChatServer(SPECS["lmstudio"], client, urls=(server.url,)).models()

    assert ("a", True, 4096, True) == (found.id, found.loaded, found.context_tokens, found.vision)


async def test_a_probe_sends_the_servers_own_key_and_follows_no_redirect():
    async with serve({"/v1/models": {"data": []}}) as trap:

        async def elsewhere(_request):
            return web.Response(status=307, headers={"Location": f"{trap.url}/v1/models"})

        async with serve({"/v1/models": elsewhere}) as server, http_client() as client:
            engine = ChatServer(
                SPECS["openai_compatible"], client, urls=(server.url,), key=Secret("canary")
            )

            assert () == await engine.models()
            assert ["Bearer canary"] == [one.headers["Authorization"] for one in server.seen]
        assert [] == trap.seen
