"""A place that falls silent is found again where it was, and ends with all of its connections."""

import asyncio
import gc
import socket

import aiohttp
import pytest
from aiohttp import web

from standby.testing.place import Place, ended, headers_of

pytestmark = pytest.mark.anyio


async def test_while_it_is_unreachable_it_refuses_and_then_it_is_where_it_was():
    async def serve(request):
        return web.Response(text=dict(headers_of(request))["X-Case"])

    place = Place(serve, 0, 1024)
    await place.open()
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(10):

            async def asked():
                async with session.get(f"{place.url}/any", headers={"X-Case": "Kept"}) as answer:
                    return await answer.text()

            assert "Kept" == await asked()
            async with place.unreachable():
                with pytest.raises(aiohttp.ClientError):
                    await asked()
            assert "Kept" == await asked()
    finally:
        await place.close()


@pytest.mark.parametrize("turns", range(5))
def test_a_connection_that_is_just_being_accepted_is_closed_with_the_server(turns):
    """What is left open is told by the collector, and fails this test."""

    async def run():
        runner = web.AppRunner(web.Application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with socket.create_connection(runner.addresses[0]):
            for _ in range(turns):
                await asyncio.sleep(0)
            await ended(runner)

    asyncio.run(run())
    gc.collect()
