"""Each server is told to load and to let go by its own means, as its documentation has it."""

from contextlib import asynccontextmanager

import pytest

from standby.adapters.engines import llamacpp, lmstudio, mlx, ollama, openai_compatible, vllm
from standby.adapters.engines.chat import ChatServer
from standby.adapters.net import http_client
from standby.core.models.facts import LocalModel
from standby.ports import EngineError, Loadable
from tests.fakes.engines import SERVERS, serve
from tests.fakes.managed import LmStudio, Ollama, Router

pytestmark = pytest.mark.anyio

LONG = {"qwen/coder": 262_144}


@asynccontextmanager
async def engine_of(spec, answers):
    async with serve(answers) as server, http_client() as client:
        engine = ChatServer(spec, client, urls=(server.url,))
        assert isinstance(engine, Loadable)
        yield engine


async def loaded(engine, context=65_536):
    (model,) = await engine.models()
    return await engine.load(model, context)


async def test_lm_studio_loads_with_the_window_that_is_wanted():
    studio = LmStudio(LONG)
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        served = await loaded(engine)

    assert ("qwen/coder", 65_536, True) == (served.id, served.context_tokens, served.loaded)
    assert {"qwen/coder": ("qwen/coder", 65_536)} == studio.instances


async def test_lm_studio_is_never_asked_for_more_than_the_model_has():
    studio = LmStudio({"small": 8192})
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        assert 8192 == (await loaded(engine)).context_tokens


async def test_the_window_that_lm_studio_really_gave_is_told():
    studio = LmStudio(LONG, small=True)
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        assert 4096 == (await loaded(engine)).context_tokens


async def test_the_first_edition_of_the_answer_is_understood():
    studio = LmStudio(LONG, older_name=True)
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        assert "qwen/coder" == (await loaded(engine)).id


async def test_an_instance_that_is_large_enough_stays_the_only_one():
    studio = LmStudio(LONG, {"qwen/coder": ("qwen/coder", 131_072)})
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        served = await loaded(engine)

    assert 131_072 == served.context_tokens
    assert {"qwen/coder": ("qwen/coder", 131_072)} == studio.instances


async def test_smaller_instances_go_when_a_larger_window_is_asked_for():
    held = {"qwen/coder": ("qwen/coder", 4096), "qwen/coder:2": ("qwen/coder", 8192)}
    studio = LmStudio(LONG, held)
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        served = await loaded(engine)

    assert 65_536 == served.context_tokens
    assert {"qwen/coder": ("qwen/coder", 65_536)} == studio.instances


async def test_lm_studio_lets_go_of_all_instances():
    held = {"qwen/coder": ("qwen/coder", 4096), "qwen/coder:2": ("qwen/coder", 8192)}
    studio = LmStudio(LONG, held)
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        (model,) = await engine.models()
        await engine.unload(model)
        (after,) = await engine.models()
        with pytest.raises(EngineError, match="is not loaded in LM Studio"):
            await engine.unload(after)

    assert {} == studio.instances
    assert not after.loaded


async def test_what_lm_studio_refuses_is_told_in_its_words():
    studio = LmStudio(LONG, full=True)
    async with engine_of(lmstudio.ENGINE, studio.answers) as engine:
        with pytest.raises(EngineError, match="LM Studio said 500: insufficient system resources"):
            await loaded(engine)


async def test_an_lm_studio_without_that_interface_says_what_else_there_is():
    older = {
        "/api/v0/models": {
            "object": "list",
            "data": [{"id": "a", "type": "llm", "state": "not-loaded"}],
        }
    }
    async with engine_of(lmstudio.ENGINE, older) as engine:
        (model,) = await engine.models()
        with pytest.raises(EngineError, match=r"older than 0\.4.*`lms load`") as caught:
            await engine.load(model, 65_536)
        assert 501 == caught.value.status


async def test_a_model_that_lm_studio_does_not_have_is_told():
    async with engine_of(lmstudio.ENGINE, LmStudio(LONG).answers) as engine:
        (model,) = await engine.models()
        gone = LocalModel("lmstudio", "gone", model.base_url, loaded=False)
        with pytest.raises(EngineError, match="has no model 'gone'"):
            await engine.load(gone, 65_536)


async def test_ollama_loads_for_an_hour_and_lets_go_at_once():
    server = Ollama(["coder:30b"])
    async with engine_of(ollama.ENGINE, server.answers) as engine:
        served = await loaded(engine)
        assert ("coder:30b", 4096, True) == (served.id, served.context_tokens, served.loaded)
        assert {"coder:30b": "1h"} == server.kept

        await engine.unload(served)

    assert {} == server.kept


async def test_what_ollama_refuses_is_told_in_its_words():
    server = Ollama(["coder:30b"])
    async with engine_of(ollama.ENGINE, server.answers) as engine:
        (model,) = await engine.models()
        server.names.clear()
        with pytest.raises(EngineError, match="Ollama said 404: model 'coder:30b' not found"):
            await engine.load(model, 65_536)


@pytest.fixture
def without_pauses(monkeypatch):
    monkeypatch.setattr(llamacpp, "_LOOK_S", 0.0)


@pytest.mark.usefixtures("without_pauses")
async def test_a_router_is_waited_for_until_it_has_loaded():
    router = Router({"a": ["unloaded"]})
    async with engine_of(llamacpp.ENGINE, router.answers) as engine:
        served = await loaded(engine)
        assert ("a", True) == (served.id, served.loaded)
        await engine.unload(served)
        (after,) = await engine.models()

    assert [("load", "a"), ("unload", "a")] == router.told
    assert not after.loaded


@pytest.mark.usefixtures("without_pauses")
async def test_a_router_that_fails_to_load_is_told():
    router = Router({"a": ["unloaded"]}, then=lambda _what, _name: ["loading", "unloaded"])
    async with engine_of(llamacpp.ENGINE, router.answers) as engine:
        with pytest.raises(EngineError, match="could not load 'a': see its own log"):
            await loaded(engine)


@pytest.mark.usefixtures("without_pauses")
async def test_a_router_that_never_comes_to_an_end_is_left(monkeypatch):
    monkeypatch.setattr(llamacpp, "_LOADING_S", 0.2)
    router = Router({"a": ["unloaded"]}, then=lambda _what, _name: ["loading"])
    async with engine_of(llamacpp.ENGINE, router.answers) as engine:
        with pytest.raises(EngineError, match="has not loaded it within"):
            await loaded(engine)


async def test_a_plain_llama_server_says_that_it_keeps_its_one_model():
    async with engine_of(llamacpp.ENGINE, SERVERS["llamacpp"].answers) as engine:
        (model,) = await engine.models()
        for told in (engine.load(model, 0), engine.unload(model)):
            with pytest.raises(EngineError, match="was started with one model, and keeps it"):
                await told


@pytest.mark.parametrize("module", [vllm, mlx, openai_compatible], ids=lambda m: m.ENGINE.name)
async def test_a_server_that_cannot_be_told_says_what_it_does_instead(module):
    described = SERVERS[module.ENGINE.name]
    async with engine_of(module.ENGINE, described.answers) as engine:
        model = LocalModel(module.ENGINE.name, "x", "")
        with pytest.raises(EngineError, match=r"cannot be told to load: it (serves|loads) what"):
            await engine.load(model, 0)
        with pytest.raises(EngineError, match="cannot be told to unload"):
            await engine.unload(model)


async def test_a_server_that_is_gone_is_told():
    async with serve(LmStudio(LONG).answers) as server:
        gone = server.url
    async with http_client() as client:
        engine = ChatServer(ollama.ENGINE, client, urls=(gone,))
        with pytest.raises(EngineError, match="Ollama is out of reach"):
            await engine.load(LocalModel("ollama", "x", gone), 0)
