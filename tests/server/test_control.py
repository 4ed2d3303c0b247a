"""Our own pages."""

import pytest

from standby.core.wire.json import loads
from standby.server.control import ControlDoor
from tests.fakes.line import Tape

pytestmark = pytest.mark.anyio


class Reports:
    async def status(self):
        return {"answering": "cloud"}

    def glance(self):
        return {"answering": "local"}

    async def recent(self, limit):
        return [{"id": number} for number in range(limit)][:2]


async def got(method, target):
    tape = Tape()
    await ControlDoor(Reports(), lambda nonce: f"proof of {nonce}").serve(method, target, tape)
    return tape


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("/standby/health", {"status": "ok"}),
        ("/standby/health?", {"status": "ok"}),
        ("/standby/health?other=1", {"status": "ok"}),
        ("/standby/health?nonce=", {"status": "ok"}),
        ("/standby/health?nonce=abc", {"status": "ok", "proof": "proof of abc"}),
        ("/standby/status", {"answering": "cloud"}),
        ("/standby/glance", {"answering": "local"}),
        ("/standby/recent", {"entries": [{"id": 0}, {"id": 1}]}),
    ],
)
async def test_each_page_is_json_that_nobody_keeps(target, value):
    tape = await got("GET", target)

    assert (200, value) == (tape.head.status, loads(tape.sent))
    assert "application/json" == tape.head.header("content-type")
    assert "no-store" == tape.head.header("cache-control")


async def test_a_nonce_is_cut_before_it_is_answered():
    proof = loads((await got("GET", "/standby/health?nonce=" + "x" * 9999)).sent)["proof"]

    assert "proof of " + "x" * 128 == proof


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/standby/status"),
        ("HEAD", "/standby/health"),
        ("GET", "/standby/"),
        ("GET", "/standby/status/"),
        ("GET", "/standby/canary-of-a-path"),
    ],
)
async def test_what_there_is_not_is_a_404_that_reflects_nothing(method, target):
    tape = await got(method, target)

    assert 404 == tape.head.status
    assert "not_found_error" == loads(tape.sent)["error"]["type"]
    assert b"canary" not in tape.sent
