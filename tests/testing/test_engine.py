"""The fake engine answers as chat completions do, until it is told to fail."""

import asyncio

import aiohttp
import pytest

from standby.core.wire.json import dumps, loads
from standby.testing.engine import ENGINE_FAULTS, FakeEngine
from standby.testing.judge import ENGINE_SAYS

pytestmark = pytest.mark.anyio

TOOLS = [{"type": "function", "function": {"name": "Write", "parameters": {}}}]
BREAKS = [name for name in ENGINE_FAULTS if name.startswith(("cut", "reset"))]


async def chat(engine, **more):
    body = dumps({"model": "stand-in", "stream": True, "messages": [], **more})
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{engine.url}/v1/chat/completions", data=body) as answer,
    ):
        return answer.status, await answer.read()


def chunks(body):
    lines = [line for line in body.split(b"\n\n") if line]
    return [loads(line.removeprefix(b"data: ")) for line in lines if not line.endswith(b"[DONE]")]


def said(body):
    deltas = [choice["delta"] for chunk in chunks(body) for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


async def test_it_says_its_sentence_and_ends_as_it_should():
    async with FakeEngine() as engine:
        status, body = await chat(engine)

    assert (200, ENGINE_SAYS) == (status, said(body))
    assert body.endswith(b"data: [DONE]\n\n")
    assert b'"finish_reason":"stop"' in body


async def test_it_calls_the_first_tool_that_it_is_offered():
    async with FakeEngine() as engine:
        _, body = await chat(engine, tools=TOOLS)

    assert b'"name":"Write"' in body
    assert b'"finish_reason":"tool_calls"' in body


@pytest.mark.parametrize(("style", "status"), [("openai", 404), ("llamacpp", 200)])
async def test_it_describes_itself_in_either_style(style, status):
    async with FakeEngine(style=style) as engine, aiohttp.ClientSession(engine.url) as session:
        async with session.get("/props") as answer:
            assert status == answer.status
        async with session.get("/v1/models") as answer:
            assert "stand-in" == (await answer.json())["data"][0]["id"]


@pytest.mark.parametrize("fault", BREAKS)
async def test_a_connection_that_breaks_is_seen_once(fault):
    async with FakeEngine() as engine:
        engine.break_next(fault)
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
            await chat(engine, tools=TOOLS)
        status, _ = await chat(engine)

    assert 200 == status
    assert [fault, ""] == [one.why for one in engine.requests]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("crash_500", 500, b"Compute error"),
        ("loading_503", 503, b"Loading model"),
        ("overflow_400", 400, b'"n_ctx":32768'),
        ("denied_401", 401, b"Invalid API Key"),
        ("error_first", 200, b"Compute error"),
        ("error_line_in_stream", 200, b"\nerror: {"),
        ("unknown_tool", 200, b"format_the_disk"),
        ("arguments_a_list", 200, b'[\\"a'),
        ("html_200", 200, b"Sign in"),
    ],
)
async def test_a_failure_has_its_own_words(fault, status, words):
    async with FakeEngine() as engine:
        engine.break_next(fault)
        found, body = await chat(engine, tools=TOOLS)

    assert status == found
    assert words in body


async def test_an_answer_is_truncated_as_http_has_it():
    async with FakeEngine() as engine:
        engine.break_next("truncated")
        _, body = await chat(engine)

    assert ENGINE_SAYS.startswith(said(body))
    assert b"DONE" not in body
    assert b'"finish_reason":"' not in body


async def test_it_remembers_the_headers_it_was_sent():
    async with FakeEngine() as engine, aiohttp.ClientSession(engine.url) as session:
        async with session.get("/v1/models", headers={"Cookie": "a=b"}):
            pass

        assert "a=b" == engine.requests[0].header("cookie")


async def test_it_can_be_away():
    async with FakeEngine() as engine:
        async with engine.unreachable():
            with pytest.raises(aiohttp.ClientConnectionError):
                await chat(engine)
        status, _ = await chat(engine)

    assert 200 == status


def test_a_name_that_nobody_knows_is_refused_at_once():
    with pytest.raises(ValueError, match="'no'"):
        FakeEngine().break_next("no")


async def test_one_that_is_slow_takes_its_time_between_two_chunks():
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with FakeEngine(pace_s=0.02) as engine:
        _, body = await chat(engine)

    assert ENGINE_SAYS == said(body)
    assert loop.time() - began > 0.02 * len(chunks(body))
