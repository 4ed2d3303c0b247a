"""Prompts that are read in portions, by the real llama.cpp and by servers that cannot."""

import asyncio

import pytest

from standby.adapters.engines import embedded, llamacpp, vllm
from standby.adapters.engines.chat import ChatServer
from standby.adapters.net import http_client
from standby.core.dialects.openai_chat.request import to_chat
from standby.core.models.facts import LocalModel
from standby.core.wire import asked
from standby.core.wire.json import dumps
from standby.core.wire.sse import Decoder
from standby.ports import EngineError, Reader
from tests.fakes.engines import serve
from tests.models.tiny_gguf import tiny_model

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


def body(model, said="hello world " * 300):
    value = {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": said}]}
    return to_chat(asked.read(dumps(value)), model).body


@pytest.fixture
def nothing_blocks():
    """The test itself reads its model file."""


async def test_what_was_read_in_portions_is_what_an_answer_needs(nothing_blocks):
    file = await asyncio.to_thread(tiny_model)
    async with http_client("") as client:
        engine = embedded.engine(client, lambda: embedded.ModelFile(file), context=8192)
        try:
            (offered,) = await engine.models()
            assert isinstance(engine, Reader)
            assert await engine.prompt(offered, body(offered)) is None
            with pytest.raises(EngineError, match="does not run"):
                await engine.read(offered, (1, 2), 0)
            model = await engine.start(offered)
            prompt = await engine.prompt(model, body(model))
            half = len(prompt) // 2

            assert len(prompt) == await engine.count(model, body(model))
            assert half == await engine.read(model, prompt[:half], 0)
            assert len(prompt) - half == await engine.read(model, prompt, 0)
            answer = b"".join([data async for data in engine.chat(model, body(model))])
            usage = [
                frame.data for frame in Decoder().receive_data(answer) if "usage" in frame.data
            ]
            assert f'"cached_tokens":{len(prompt) - 1}' in usage[-1]
        finally:
            await engine.stop()


async def test_a_window_that_two_prompts_overflow_loses_the_one_that_rests(nothing_blocks):
    file = await asyncio.to_thread(tiny_model)
    async with http_client("") as client:
        engine = embedded.engine(client, lambda: embedded.ModelFile(file), context=4096)
        try:
            model = await engine.start((await engine.models())[0])
            one, two = [range(first, first + 200) for first in (300, 500)]
            for slot, tokens in enumerate((one, two)):
                assert 2_200 == await engine.read(model, (*tokens,) * 11, slot)
            assert 1 == await engine.read(model, (*two,) * 11, 1)
            assert 2_200 == await engine.read(model, (*one,) * 11, 0), "nobody was told"
        finally:
            await engine.stop()


async def test_what_goes_on_in_another_slot_takes_nothing_out_of_one(nothing_blocks):
    file = await asyncio.to_thread(tiny_model)
    async with http_client("") as client:
        engine = embedded.engine(client, lambda: embedded.ModelFile(file), context=8192)
        try:
            (offered,) = await engine.models()
            model = await engine.start(offered)
            mine = await engine.prompt(model, body(model))
            other = await engine.prompt(model, body(model, "something else " * 200))

            await engine.read(model, mine, 0)
            await engine.read(model, other, 1)
            assert 1 == await engine.read(model, mine, 0)
            assert 1 == await engine.read(model, other, 1)
        finally:
            await engine.stop()


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"/apply-template": {"error": "an image"}},
        {"/apply-template": {"prompt": "p"}},
        {"/apply-template": {"prompt": "p"}, "/tokenize": {"tokens": [1, "two"]}},
    ],
)
async def test_a_server_that_cannot_say_its_tokens_is_no_error(answers):
    async with serve(answers) as fake, http_client("") as client:
        server = ChatServer(llamacpp.ENGINE, client, urls=(fake.url,))
        model = LocalModel("llamacpp", "coder", fake.url)

        assert await server.prompt(model, body(model)) is None


async def test_a_kind_of_server_that_cannot_is_not_asked():
    async with serve({}) as fake, http_client("") as client:
        server = ChatServer(vllm.ENGINE, client, urls=(fake.url,))
        model = LocalModel("vllm", "coder", fake.url)

        assert await server.prompt(model, body(model)) is None
        assert [] == fake.seen


@pytest.mark.parametrize("said", [{"content": ""}, {"timings": {"prompt_n": "many"}}])
async def test_a_server_that_does_not_say_what_it_read_is_an_error(said):
    async with serve({"/completion": said}) as fake, http_client("") as client:
        server = ChatServer(llamacpp.ENGINE, client, urls=(fake.url,))
        with pytest.raises(EngineError, match="does not say"):
            await server.read(LocalModel("llamacpp", "coder", fake.url), (1, 2), None)


async def test_a_server_that_is_gone_is_an_error():
    async with http_client("") as client:
        server = ChatServer(llamacpp.ENGINE, client)
        gone = LocalModel("llamacpp", "coder", "http://127.0.0.1:9")
        with pytest.raises(EngineError, match="out of reach"):
            await server.read(gone, (1, 2), 0)
        with pytest.raises(EngineError, match="out of reach"):
            await server.prompt(gone, body(gone))


@pytest.mark.parametrize(("slot", "named"), [(None, False), (1, True)])
async def test_a_slot_is_named_only_where_there_is_one_to_name(slot, named):
    said = {"/completion": {"timings": {"prompt_n": 2}}}
    async with serve(said) as fake, http_client("") as client:
        server = ChatServer(llamacpp.ENGINE, client, urls=(fake.url,))
        assert 2 == await server.read(LocalModel("llamacpp", "c", fake.url), (7, 8), slot)

    assert named == (b"id_slot" in fake.seen[0].body)
    assert b'"prompt":[7,8]' in fake.seen[0].body
