"""The kit finds what is wrong with a gateway, and nothing wrong with ours."""

from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from standby.testing.accounts import API_KEY
from standby.testing.judge import Saw
from standby.testing.kit import Gateway, Kit, Rules, fakes
from standby.testing.modes import SHORT, chosen
from standby.testing.our_gateway import RULES, our_gateway
from tests.fakes.serving import served

pytestmark = pytest.mark.anyio

# The gateway is a process with a loop of its own.
ONE_LOOP = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@asynccontextmanager
async def naive(two, *, follows=False, leaks=False):
    """A gateway as one writes it in an afternoon: relay, and the engine where that fails."""

    async def serve(request):
        body = await request.read()
        headers = {
            k: v for k, v in request.headers.items() if k.lower() not in {"host", "content-length"}
        }
        async with aiohttp.ClientSession() as session:
            try:
                async with session.post(
                    two.cloud.url + request.path,
                    data=body,
                    headers=headers,
                    allow_redirects=follows,
                ) as answer:
                    if answer.status == 200:
                        whole = await answer.read()
                        kind = answer.headers["content-type"]
                        return web.Response(body=whole, headers={"Content-Type": kind})
            except aiohttp.ClientError:
                pass
            url = f"{two.engine.url}/v1/chat/completions"
            kept = headers if leaks else {"Content-Type": "application/json"}
            async with session.post(url, data=b"{}", headers=kept) as answer:
                said = (await answer.json())["choices"][0]["message"]["content"]
            text = {"type": "text", "text": said}
            message = {"type": "message", "role": "assistant", "id": "msg_1", "usage": {}}
            return web.json_response({**message, "content": [text], "stop_reason": "end_turn"})

    application = web.Application()
    application.router.add_post("/v1/messages", serve)
    async with served(application) as url:
        yield Gateway(url)


async def tried(name, **how):
    (mode,) = chosen([name])
    # Only of one that hangs the deadline has to pass.
    rules = Rules(deadline_s=2 if "hang" in name else 20, back_s=10)
    async with (
        fakes() as two,
        naive(two, **how) as gateway,
        Kit(two, gateway, rules) as kit,
    ):
        return await kit.run(replace(mode, lasts_s=2.0) if mode.returns else mode)


async def test_a_gateway_that_serves_at_the_limit_but_asks_each_time_is_told_so():
    result = await tried("cloud/five_hour/plain")

    assert Saw.STAND_IN is result.finding.saw
    assert ("asked the cloud 2 times for 2 requests, at most 1",) == result.wrongs
    assert result.back_s is not None


async def test_a_clients_own_error_must_not_be_hidden():
    result = await tried("cloud/bad_request/plain")

    assert (Saw.STAND_IN.value,) == result.wrongs


async def test_a_header_that_reaches_the_engine_is_found():
    result = await tried("cloud/credit_400/plain", leaks=True)

    assert any("'cookie' reached the engine" in wrong for wrong in result.wrongs)
    assert any("'authorization' reached the engine" in wrong for wrong in result.wrongs)


async def test_a_redirect_that_is_followed_is_found():
    result = await tried("cloud/redirect_307/plain", follows=True)

    assert "a redirect was followed" in result.wrongs


async def test_a_silent_end_is_found():
    result = await tried("cloud/truncated_after_text/stream")

    assert Saw.SILENT is result.finding.saw
    assert not result.right


async def test_a_gateway_that_hangs_is_found():
    result = await tried("cloud/hang/stream")

    assert Saw.HUNG is result.finding.saw
    assert not result.right


async def test_a_gateway_that_is_not_there_is_found():
    async with fakes() as two, Kit(two, Gateway("http://127.0.0.1:9"), Rules(20, 10)) as kit:
        result = await kit.run(chosen(["cloud/bad_request/plain"])[0])

    assert Saw.UNMADE is result.finding.saw
    assert not result.right


async def test_a_gateway_that_asks_nobody_proves_nothing():
    rules = Rules(deadline_s=20, back_s=10)
    async with (
        fakes() as two,
        naive(two) as gateway,
        fakes() as others,
        Kit(others, gateway, rules) as kit,
    ):
        result = await kit.run(chosen(["cloud/redirect_307/plain"])[0])

    assert "the cloud was not asked: nothing could fail" in result.wrongs


@ONE_LOOP
async def test_a_gateway_with_a_credential_of_its_own_is_tried_with_one_account():
    async with fakes() as two, our_gateway(two) as ours:
        headers = {**ours.headers, "x-api-key": API_KEY.credential}
        gateway = replace(ours, headers=headers, passes_credentials=False)
        modes = chosen(["cloud/five_hour/plain", "cloud/redirect_307/plain", "engine/truncated/s"])
        async with Kit(two, gateway, RULES) as kit:
            results = [await kit.run(mode) for mode in modes]

    assert [] == [(one.mode.name, one.wrongs) for one in results if not one.right]
    assert 3 == len(results)


@ONE_LOOP
async def test_our_gateway_does_right_in_the_modes_that_say_most():
    async with fakes() as two, our_gateway(two) as gateway, Kit(two, gateway, RULES) as kit:
        results = [await kit.run(mode) for mode in chosen(SHORT)]

    assert [] == [(one.mode.name, one.wrongs) for one in results if not one.right]
    assert len(results) > 15


@ONE_LOOP
async def test_our_gateway_goes_on_with_an_answer_where_its_engine_can():
    async with (
        fakes(style="llamacpp") as two,
        our_gateway(two) as gateway,
        Kit(two, gateway, RULES) as kit,
    ):
        modes = chosen(["cloud/reset_after_text/*", "cloud/truncated_after_text/*"])
        results = [await kit.run(mode) for mode in modes]

    assert [Saw.JOINED, Saw.JOINED] == [one.finding.saw for one in results]
    assert [] == [one.wrongs for one in results if not one.right]


@ONE_LOOP
async def test_a_folder_that_is_given_to_our_gateway_stays(tmp_path):
    async with fakes() as two, our_gateway(two, tmp_path) as gateway:
        assert gateway.pid is not None

    assert [*tmp_path.rglob("token")]
