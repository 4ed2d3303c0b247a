"""Ollama fetches a model, and is believed only when it says so."""

import anyio
import pytest
from aiohttp import web

from standby.adapters.engines import ollama
from standby.adapters.net import http_client
from standby.ports import FetchError
from tests.fakes.engines import serve

pytestmark = pytest.mark.anyio


def saying(*pieces, status=200):
    async def answer(_request):
        response = web.StreamResponse(status=status)
        await response.prepare(_request)
        for piece in pieces:
            await response.write(piece)
            await anyio.lowlevel.checkpoint()
        return response

    return answer


async def pulled(handler):
    async with serve({"/api/pull": handler}) as server, http_client() as client:
        return [step async for step in ollama.pull(client, server.url, "small:1b")], server.seen


async def test_it_tells_how_far_it_is_until_all_is_there():
    steps, seen = await pulled(
        saying(
            b'{"status":"pulling manifest"}\n{"status":"pulling abc","total":100,',
            b'"completed":40}\n{"status":"verifying"}\n{"status":"success"}\n',
        )
    )

    assert [("waiting", 0, 1), ("fetching", 40, 100), ("waiting", 0, 1)] == steps
    assert [b'{"model":"small:1b","stream":true}'] == [one.body for one in seen]


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (saying(b'{"error":"file does not exist"}\n'), "Ollama: file does not exist"),
        (saying(b'{"status":"pulling"}\n'), "stopped before it had"),
        (saying(b'{"error":"no such model"}', status=404), "said 404 to 'small:1b': no such model"),
        (saying(b"", status=307), "said 307"),
        (saying(b"x" * 2_000_000), "cannot be understood"),
        (saying(b"nonsense\n"), "stopped before"),
    ],
)
async def test_what_goes_wrong_is_told(handler, why):
    with pytest.raises(FetchError, match=why):
        await pulled(handler)


async def test_nobody_there_is_told():
    async with serve({}) as server:
        gone = server.url
    async with http_client() as client:
        with pytest.raises(FetchError, match="cannot be reached"):
            _ = [step async for step in ollama.pull(client, gone, "small:1b")]


async def test_one_that_falls_silent_is_left(monkeypatch):
    async def hang(_request):
        await anyio.sleep(30)
        return web.Response()

    monkeypatch.setattr(ollama, "_SILENCE_S", 0.2)
    with anyio.fail_after(5), pytest.raises(FetchError, match="has said nothing for"):
        await pulled(hang)
