"""The list of models: the cloud's and the local ones, whoever of them is there."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.codings import coder_for
from standby.app.answering.catalogue import Catalogue
from standby.app.local.engines import Engines, Preference
from standby.app.local.speeds import Speeds
from standby.core.models.speed import Timings
from standby.core.request import NOBODY, Caller, Request
from standby.core.wire.headers import SERVED_BY, Head
from standby.core.wire.json import dumps, loads
from tests.fakes.json_text import VALUES
from tests.fakes.line import BARE, DOWN, JSON_HEAD, KNOWN, STRANGER, Tape, Way, error, for_ever
from tests.fakes.talker import MODEL, Talker

pytestmark = pytest.mark.anyio

OWNER = Caller(NOBODY, trusted=True)
PAGE = {
    "data": [{"type": "model", "id": "claude-opus-5-5", "display_name": "Opus"}],
    "has_more": True,
    "first_id": "claude-opus-5-5",
    "last_id": "claude-opus-5-5",
    "brand_new": 1,
}
LOCAL = "claude-local/desk/coder"


async def listed(way, caller=KNOWN, target="/v1/models", engines=None):
    tape = Tape()
    known = Engines([Talker()] if engines is None else engines, Preference(), way.clock)
    async with asyncio.timeout(5):
        await Catalogue(way.line, known).models(Request("GET", target, (), b""), caller, tape)
    return tape


def ids(tape):
    return [entry["id"] for entry in loads(tape.sent)["data"]]


async def test_local_models_come_before_the_clouds_in_one_list():
    tape = await listed(Way([JSON_HEAD, dumps(PAGE)]))

    page = loads(tape.sent)
    assert [LOCAL, "claude-opus-5-5"] == ids(tape)
    assert (LOCAL, "claude-opus-5-5") == (page["first_id"], page["last_id"])
    assert (True, 1) == (page["has_more"], page["brand_new"])
    assert PAGE["data"][0] == page["data"][1], "the cloud's entries stay as they are"
    assert "cloud, local" == tape.head.header(SERVED_BY)


async def test_an_entry_says_what_a_client_shows():
    rehearsal = Talker(rehearsal=True)

    [entry] = loads((await listed(Way(DOWN), engines=[rehearsal])).sent)["data"]

    assert "model" == entry["type"]
    assert "coder on desk · 32k · for rehearsals" == entry["display_name"]
    assert 32_768 == entry["max_input_tokens"]


class Warm:
    """A warming that has read a conversation with one model."""

    def has_read(self, model):
        return model.key == MODEL.key


async def test_an_entry_says_how_fast_a_model_writes_and_that_it_is_warm():
    way, tape, speeds = Way(DOWN), Tape(), Speeds()
    speeds.learn(MODEL, Timings(0, 100, 1.0, 380, 10.0))
    engines = Engines([Talker()], Preference(), way.clock)
    catalogue = Catalogue(way.line, engines, speeds, Warm())
    await catalogue.models(Request("GET", "/v1/models", (), b""), KNOWN, tape)

    [entry] = loads(tape.sent)["data"]
    assert "coder on desk · 32k · 38 tok/s · warm" == entry["display_name"]


@pytest.mark.parametrize("query", ["after_id=x", "before_id=x&limit=3"])
async def test_another_page_of_the_clouds_has_no_local_models(query):
    assert ["claude-opus-5-5"] == ids(
        await listed(Way([JSON_HEAD, dumps(PAGE)]), target=f"/v1/models?{query}")
    )


@pytest.mark.parametrize(
    "steps", [BARE, DOWN, error(500), error(529), [Head(302, ()), b""]], ids=range(5)
)
async def test_the_local_models_are_listed_also_when_the_cloud_cannot(steps):
    tape = await listed(Way(steps))

    assert ([LOCAL], 200) == (ids(tape), tape.head.status)
    assert "local" == tape.head.header(SERVED_BY)


async def test_a_cloud_that_is_slow_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("standby.app.answering.catalogue.CLOUD_S", 0.01)

    assert [LOCAL] == ids(await listed(Way([for_ever])))


async def test_who_has_no_account_gets_the_local_ones_and_the_cloud_is_not_asked():
    way = Way([JSON_HEAD, dumps(PAGE)])

    assert [LOCAL] == ids(await listed(way, OWNER))
    assert [] == way.cloud.seen


async def test_an_empty_list_is_a_list():
    page = loads((await listed(Way(DOWN), engines=[])).sent)

    assert ([], None, None, False) == (
        page["data"],
        page["first_id"],
        page["last_id"],
        page["has_more"],
    )


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_the_cloud_says_of_the_request_is_not_hidden(status):
    steps = error(status, "the cloud's words", kind="x")

    tape = await listed(Way(steps))

    assert (status, steps[1]) == (tape.head.status, tape.sent)


@pytest.mark.parametrize("steps", [[JSON_HEAD, dumps(PAGE)], BARE, error(500)], ids=range(3))
async def test_a_stranger_gets_what_the_cloud_says_and_nothing_of_ours(steps):
    tape = await listed(Way(steps), STRANGER)

    assert (steps[0].status, steps[1]) == (tape.head.status, tape.sent)


async def test_a_stranger_learns_nothing_when_the_cloud_cannot_be_reached():
    tape = await listed(Way(DOWN), STRANGER)

    assert 502 == tape.head.status
    assert b"desk" not in tape.sent


async def test_a_coded_list_is_read():
    coder = coder_for("gzip")
    head = replace(JSON_HEAD, headers=(*JSON_HEAD.headers, ("Content-Encoding", "gzip")))

    tape = await listed(Way([head, coder.append(dumps(PAGE)) + coder.finish()]))

    assert [LOCAL, "claude-opus-5-5"] == ids(tape)
    assert tape.head.header("content-encoding") is None


@given(st.binary() | VALUES.map(dumps) | st.builds(lambda v: dumps({"data": [v]}), VALUES))
def test_whatever_the_cloud_lists_is_listed_or_comes_as_it_came(body):
    tape = asyncio.run(listed(Way([JSON_HEAD, body])))

    assert 200 == tape.head.status
    assert tape.sent == body or LOCAL == loads(tape.sent)["data"][0]["id"]


async def asked_for(name, caller=OWNER):
    """Ask for one model; return the answer, and whether the other was asked instead."""
    way, tape, passed = Way(DOWN), Tape(), []

    async def otherwise(*came):
        passed.append(came)

    catalogue = Catalogue(way.line, Engines([Talker()], Preference(), way.clock))
    request = Request("GET", f"/v1/models/{name}", (), b"")
    await catalogue.one(otherwise)(request, caller, tape)
    assert [] == way.cloud.seen
    return tape, passed == [(request, caller, tape)]


@pytest.mark.parametrize(
    "name", ["claude-local%2Fdesk%2Fcoder", "claude-local/desk/coder?x=1", "local/coder", "local"]
)
async def test_a_local_model_that_is_listed_can_be_asked_for_by_its_name(name):
    tape, passed = await asked_for(name)
    [listed_entry] = loads((await listed(Way(DOWN), OWNER)).sent)["data"]

    assert (200, False) == (tape.head.status, passed)
    assert listed_entry == loads(tape.sent)
    assert "local" == tape.head.header(SERVED_BY)


async def test_a_local_model_that_there_is_not_is_a_404_of_ours():
    tape, passed = await asked_for("claude-local%2Fdesk%2Fother")

    assert (404, False) == (tape.head.status, passed)
    assert "not_found_error" == loads(tape.sent)["error"]["type"]


@pytest.mark.parametrize(
    ("name", "caller"), [("claude-opus-5-5", OWNER), ("", OWNER), ("claude-local", STRANGER)]
)
async def test_any_other_model_is_not_ours_to_tell_of_nor_any_of_ours_to_a_stranger(name, caller):
    assert (None, True) == ((answer := await asked_for(name, caller))[0].head, answer[1])
