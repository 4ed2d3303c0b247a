import asyncio
import gzip
from contextlib import aclosing, asynccontextmanager, suppress

import anyio
import pytest
from aiohttp import web

from standby.adapters.engines.chat import ChatServer, Patience
from standby.adapters.engines.llamacpp import ENGINE as LLAMACPP
from standby.adapters.engines.lmstudio import ENGINE as LMSTUDIO
from standby.adapters.net import http_client
from standby.core.models.facts import LocalModel
from standby.core.redact import Secret
from standby.core.wire.json import loads
from standby.ports import EngineError
from tests.fakes.engines import serve

pytestmark = pytest.mark.anyio

CHAT = "/v1/chat/completions"
CHUNKS = (b'data: {"a":1}\n\n', b": ping\n\n", b"data: [DONE]\n\n")
QUICK = Patience(first_byte_s=0.3, silence_s=0.3)


def model(url, **more):
    return LocalModel("llamacpp", "coder", url, **more)


async def gathered(stream):
    async with aclosing(stream) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def stream(request, chunks=CHUNKS):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(chunk)
    return response


async def test_the_bytes_of_an_answer_come_as_they_are():
    async with serve({CHAT: stream}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))

        assert b"".join(CHUNKS) == await gathered(engine.chat(model(server.url), {}))


async def test_only_the_body_given_goes_out_with_the_model_and_what_the_server_understands():
    async with serve({CHAT: stream}) as server, http_client() as client:
        for spec in (LMSTUDIO, LLAMACPP):
            engine = ChatServer(spec, client, urls=(server.url,))
            body = {"messages": [], "stream": True, "model": "claude-opus-5-5"}
            await gathered(engine.chat(model(server.url), body))

        plain, llama = (loads(one.body) for one in server.seen)
        assert {"messages": [], "stream": True, "model": "coder"} == plain
        assert {**plain, **LLAMACPP.adds} == llama


async def test_the_body_goes_before_what_we_would_add():
    async with serve({CHAT: stream}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))
        await gathered(engine.chat(model(server.url), {"cache_prompt": False}))

        assert loads(server.seen[0].body)["cache_prompt"] is False


@pytest.mark.parametrize("key", [None, Secret("canary")])
async def test_its_own_key_and_no_other_header_goes_out(key):
    async with serve({CHAT: stream}) as server, http_client() as client:
        engine = ChatServer(LMSTUDIO, client, urls=(server.url,), key=key)
        await gathered(engine.chat(model(server.url), {}))

        (seen,) = server.seen
        headers = {name.lower(): value for name, value in seen.headers.items()}
        authorization = headers.pop("authorization", None)
        assert (f"Bearer {key.reveal()}" if key else None) == authorization
        assert {
            *("accept", "accept-encoding", "connection"),
            *("content-length", "content-type", "host"),
        } == headers.keys()
        assert "identity" == headers["accept-encoding"]


async def test_a_proxy_of_the_environment_sees_nothing(monkeypatch):
    async with serve({}) as trap, serve({CHAT: stream}) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, trap.url)
        async with http_client() as client:
            engine = ChatServer(LMSTUDIO, client, urls=(server.url,))
            await gathered(engine.chat(model(server.url), {}))

        assert [] == trap.seen
        assert 1 == len(server.seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_is_not_followed(status):
    async with serve({CHAT: stream}) as trap:

        async def elsewhere(_request):
            return web.Response(status=status, headers={"Location": trap.url + CHAT})

        async with serve({CHAT: elsewhere}) as server, http_client() as client:
            engine = ChatServer(LMSTUDIO, client, urls=(server.url,), key=Secret("canary"))
            with pytest.raises(EngineError) as caught:
                await gathered(engine.chat(model(server.url), {}))

        assert status == caught.value.status
        assert [] == trap.seen


async def test_a_refusal_is_an_error_with_its_status_and_its_bytes():
    said = b'{"error":{"message":"request (9 tokens) exceeds","n_ctx":4}}'

    async def refuse(_request):
        return web.Response(status=400, body=said)

    async with serve({CHAT: refuse}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))
        with pytest.raises(
            EngineError, match=r"llama.cpp said 400: request \(9 tokens\)"
        ) as caught:
            await gathered(engine.chat(model(server.url), {}))

    assert (400, said) == (caught.value.status, caught.value.body)


async def test_a_refusal_without_an_end_is_cut():
    async def refuse(request):
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    async with serve({CHAT: refuse}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))
        with pytest.raises(EngineError) as caught:
            await gathered(engine.chat(model(server.url), {}))

    assert 64 * 1024 == len(caught.value.body)


async def test_nobody_there_is_an_error_without_a_status():
    async with serve({}) as server:
        gone = server.url
    async with http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(gone,))
        with pytest.raises(EngineError, match="out of reach") as caught:
            await gathered(engine.chat(model(gone), {}))

    assert 0 == caught.value.status


async def test_an_answer_that_breaks_off_is_an_error():
    async def break_off(request):
        response = await stream(request, CHUNKS[:1])
        request.transport.abort()
        return response

    async with serve({CHAT: break_off}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))
        with pytest.raises(EngineError, match="broke off"):
            await gathered(engine.chat(model(server.url), {}))


@asynccontextmanager
async def raw_server(*pieces):
    """A server that sends these bytes, in turn, and keeps the connection open after them."""
    gone, ended = asyncio.Event(), asyncio.Event()

    async def serve_one(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        await gone.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            gone.set()
            async with asyncio.timeout(5):
                await ended.wait()


async def test_what_is_no_chunk_ends_the_answer_long_before_a_silence_would():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    async with (
        raw_server(head + b"5\r\nhello\r\n", b"zz\r\nno size\r\n") as url,
        http_client() as client,
    ):
        engine = ChatServer(LLAMACPP, client, urls=(url,), patience=Patience(60.0, 60.0))

        with anyio.fail_after(20), pytest.raises(EngineError, match=r"broke off .*not HTTP"):
            await gathered(engine.chat(model(url), {}))


async def test_nothing_of_what_a_server_sent_stands_in_the_words_of_an_error():
    async with raw_server(b'data: {"content":"canary"}\n\n') as url, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(url,), patience=Patience(60.0, 60.0))

        with anyio.fail_after(20), pytest.raises(EngineError) as raised:
            await gathered(engine.chat(model(url), {}))

        assert "canary" not in str(raised.value)


async def test_a_long_silence_on_a_connection_that_is_there_is_no_error():
    async def slow(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(CHUNKS[0])
        await asyncio.sleep(1.2)  # longer than between two looks at the connection
        await response.write(CHUNKS[2])
        return response

    async with serve({CHAT: slow}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))

        assert CHUNKS[0] + CHUNKS[2] == await gathered(engine.chat(model(server.url), {}))


@pytest.mark.parametrize("before", [(), CHUNKS[:1]], ids=["from the start", "after a while"])
async def test_silence_ends_with_an_error(before):
    async def fall_silent(request):
        response = await stream(request, before)
        await anyio.sleep(30)
        return response

    async with serve({CHAT: fall_silent}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,), patience=QUICK)
        with anyio.fail_after(20), pytest.raises(EngineError, match="silent"):
            await gathered(engine.chat(model(server.url), {}))


async def test_comments_count_as_bytes():
    async def slow(request):
        response = await stream(request, ())
        for _ in range(9):
            await response.write(b": reading\n\n")
            await anyio.sleep(0.25)
        await response.write(b"data: [DONE]\n\n")
        return response

    async with serve({CHAT: slow}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,), patience=Patience(2.0, 2.0))

        assert (await gathered(engine.chat(model(server.url), {}))).endswith(b"[DONE]\n\n")


async def test_closing_the_answer_closes_the_connection_at_once():
    gone = anyio.Event()

    async def endless(request):
        response = await stream(request, CHUNKS[:1])
        try:
            while True:
                await response.write(b": ping\n\n")
                await anyio.sleep(0.01)
        finally:
            gone.set()

    async with serve({CHAT: endless}) as server, http_client() as client:
        answer = ChatServer(LLAMACPP, client, urls=(server.url,)).chat(model(server.url), {})
        assert (await anext(answer)).startswith(CHUNKS[0])
        await answer.aclose()
        with anyio.fail_after(20):
            await gone.wait()


async def test_a_caller_that_is_cancelled_closes_the_connection_before_any_byte():
    asked, gone = anyio.Event(), anyio.Event()

    async def hang(_request):
        asked.set()
        try:
            await anyio.sleep(30)
        finally:
            gone.set()

    async with serve({CHAT: hang}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gathered, engine.chat(model(server.url), {}))
            await asked.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await gone.wait()


async def test_an_answer_in_a_coding_that_was_not_asked_for_is_an_error():
    async def packed(_request):
        return web.Response(body=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"})

    async with serve({CHAT: packed}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))
        with pytest.raises(EngineError, match="not asked for"):
            await gathered(engine.chat(model(server.url), {}))


async def test_a_server_that_counts_is_asked_for_the_count():
    async with (
        serve({f"{CHAT}/input_tokens": {"input_tokens": 14}}) as server,
        http_client() as client,
    ):
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))

        assert 14 == await engine.count(model(server.url, counts=True), {"messages": []})
        assert {"messages": [], "model": "coder"} == loads(server.seen[0].body)


async def test_there_is_no_count_where_the_server_cannot_say():
    async with serve({}) as server, http_client() as client:
        engine = ChatServer(LLAMACPP, client, urls=(server.url,))

        assert await engine.count(model(server.url), {}) is None
        assert [] == server.seen
        assert await engine.count(model(server.url, counts=True), {}) is None
        assert 1 == len(server.seen)
