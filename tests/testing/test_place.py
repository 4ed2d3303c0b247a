"""A place that falls silent is found again where it was."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from standby.testing.place import Place, headers_of

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
