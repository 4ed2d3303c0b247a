"""What is none of ours goes to the cloud as it is, and comes back as it comes."""

import asyncio

import pytest

from standby.app.cloud.passage import Passage
from standby.core.request import Request
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import loads
from standby.ports import UpstreamError
from tests.fakes.line import KNOWN, STRANGER, Tape, Way, for_ever

pytestmark = pytest.mark.anyio

ODD = Request("PATCH", "/v1/files?x=%7e", (("X-Odd", "1"),), b"\xff")


async def passed(way, request=ODD, tape=None, caller=KNOWN):
    tape = tape or Tape()
    async with asyncio.timeout(5):
        await Passage(way.line).pass_on(request, caller, tape)
    return tape


@pytest.mark.parametrize("caller", [KNOWN, STRANGER])
@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 429, 500, 529])
async def test_whatever_the_cloud_says_comes_back_as_it_comes(status, caller):
    head = Head(status, (("X-Odd", "1"), ("X-Odd", "2")))
    way = Way([head, b"a", b"b"])

    tape = await passed(way, caller=caller)

    assert [ODD] == way.cloud.seen
    assert Head(status, (*head.headers, (SERVED_BY, "cloud"))) == tape.head
    assert [b"a", b"b", "end"] == tape.log
    assert () == way.accounts.snapshot()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_passed_on(status):
    tape = await passed(Way([Head(status, (("Location", "http://elsewhere.example/"),)), b"go"]))

    assert 502 == tape.head.status
    assert b"elsewhere" not in tape.sent


async def test_a_cloud_that_cannot_be_reached_is_said_so():
    tape = await passed(Way([UpstreamError("the cloud is out of reach: refused")]))

    assert 502 == tape.head.status
    error = loads(tape.sent)["error"]
    assert ("api_error", "the cloud is out of reach: refused") == (error["type"], error["message"])


async def test_a_body_that_is_cut_breaks_the_connection():
    tape = await passed(Way([Head(200, ()), b"half", UpstreamError("reset")]))

    assert [b"half", "aborted"] == tape.log


async def test_a_cloud_that_is_silent_is_given_up():
    assert 502 == (await passed(Way([for_ever], whole_s=0.01))).head.status


async def test_the_first_bytes_do_not_wait_for_the_next():
    way = Way([Head(200, ()), b"first", for_ever])
    tape = Tape()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        passing = group.create_task(passed(way, tape=tape))
        await tape.first.wait()
        passing.cancel()

    assert [b"first"] == tape.log
    assert 1 == way.cloud.left


async def test_when_the_client_is_gone_the_cloud_is_left_at_once():
    class Gone(Tape):
        async def send(self, data):
            raise ConnectionResetError("gone")

    way = Way([Head(200, ()), b"first", b"second"])
    with pytest.raises(ConnectionResetError):
        await passed(way, tape=Gone())

    assert 1 == way.cloud.left
