"""The headers of an answer, as the client gets them."""

import pytest

from standby.core.wire.headers import Head
from tests.fakes.front import delivers, gateway, streams

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE", "sErVeR"])
@pytest.mark.parametrize("door", [delivers, streams])
async def test_a_header_that_was_given_stays_however_it_is_spelled(name, door):
    async with gateway(door(Head(200, ((name, "text/odd"),)), b"x")) as running:
        answer = await running.post()

    assert [(name, "text/odd")] == [
        line for line in answer.lines if line[0].lower() == name.lower()
    ]


@pytest.mark.parametrize("door", [delivers, streams])
async def test_no_content_type_and_no_server_is_made_up(door):
    async with gateway(door(Head(200, (("x-other", "1"),)), b"x")) as running:
        answer = await running.post()

    assert {"content-type", "server"}.isdisjoint(answer.headers)
