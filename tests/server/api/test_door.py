"""The API: each path has its view, and says so when it has not."""

import pytest

from standby.app.choosing import ChoiceError
from standby.app.showing.usage import QueryError
from standby.core.wire.errors import message_of
from standby.core.wire.json import loads
from standby.ports import RecordsError
from standby.server.api.door import ApiDoor
from standby.server.api.events import Events
from tests.fakes.line import Tape

pytestmark = pytest.mark.anyio


class Told:
    """Answers with what it was asked."""

    def __init__(self, fails=None):
        self.fails = fails

    async def status(self):
        return {"view": "status"}

    async def told(self, fields):
        if fields.get("since") == "never":
            raise QueryError("since is a moment")
        return {"view": "usage", "fields": dict(fields)}

    async def engines(self):
        return {"view": "engines"}

    async def requests(self, limit, session, after):
        return {"view": "requests", "asked": [limit, session, after]}

    async def sessions(self, limit):
        if self.fails:
            raise self.fails
        return {"view": "sessions", "asked": [limit]}

    async def session(self, session):
        return {"session": session} if session == "a b/c" else None

    async def use(self, fields):
        if fields["what"] == "local":
            raise ChoiceError("there is no local model")
        return {"used": dict(fields)}

    async def timeline(self, name):
        return {"view": "timeline", "asked": [name]}


async def got(path, method="GET", fails=None):
    told, tape = Told(fails), Tape()
    door = ApiDoor(told, told, told, Events(None, {}), "1.0", told)
    await door.serve(method, f"/standby/api/v1/{path}", (), tape)
    return tape


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", {"view": "status"}),
        ("engines", {"view": "engines"}),
        ("usage?by=day", {"view": "usage", "fields": {"by": "day"}}),
        ("requests", {"view": "requests", "asked": [100, "", 0]}),
        ("requests?limit=3&session=s&after=9", {"view": "requests", "asked": [3, "s", 9]}),
        ("sessions", {"view": "sessions", "asked": [50]}),
        ("sessions/a%20b%2Fc", {"session": "a b/c"}),
        ("timeline?range=7d", {"view": "timeline", "asked": ["7d"]}),
    ],
)
async def test_a_path_has_its_view_as_json_that_nobody_keeps(path, value):
    tape = await got(path)

    assert (200, value) == (tape.head.status, loads(tape.sent))
    assert "application/json" == tape.head.header("content-type")
    assert "no-store" == tape.head.header("cache-control")


@pytest.mark.parametrize(
    "path", ["", "none", "status/x", "sessions/unknown", "events/x", "openapi.json/x", "../status"]
)
async def test_what_there_is_not_is_a_404(path):
    tape = await got(path)

    assert (404, "not_found_error") == (tape.head.status, loads(tape.sent)["error"]["type"])


@pytest.mark.parametrize(
    "path", ["status?canary=1", "sessions?limit=canary", "usage?since=never", "timeline?range=1y"]
)
async def test_what_is_not_understood_is_a_400_that_reflects_nothing(path):
    tape = await got(path)

    assert 400 == tape.head.status
    assert b"canary" not in tape.sent


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_it_is_read_only(method):
    assert 405 == (await got("status", method)).head.status


async def test_a_ledger_that_cannot_be_read_is_a_503_with_the_reason():
    tape = await got("sessions", fails=RecordsError("the ledger is damaged"))

    assert 503 == tape.head.status
    assert "the ledger is damaged" == loads(tape.sent)["error"]["message"]


async def test_its_description_is_served():
    assert "3.1.0" == loads((await got("openapi.json")).sent)["openapi"]


async def test_it_knows_its_own_paths():
    assert ApiDoor.serves("/standby/api/v1/status")
    assert not ApiDoor.serves("/standby/api/v2/status")
    assert not ApiDoor.serves("/standby/status")


@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("what=spare", {"what": "spare"}),
        ("what=settings&for_s=0", {"what": "settings"}),
        ("what=cloud&for_s=7200", {"what": "cloud", "for_s": "7200"}),
    ],
)
async def test_a_mode_is_chosen_by_post(query, used):
    tape = await got(f"use?{query}", method="POST")

    assert (200, {"used": used}) == (tape.head.status, loads(tape.sent))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("what=qwen3", "what must be one of: auto, spare, local, cloud, settings"),
        ("what=cloud&project=/work/secret", "the parameters of this path are: what, for_s"),
        ("what=cloud&session=s", "the parameters of this path are"),
        ("what=cloud&for_s=-1", "for_s must be a whole number"),
        ("what=cloud&for_s=99999999", "for_s may be 2592000 at most"),
        ("what=local", "there is no local model"),
    ],
)
async def test_nothing_narrower_and_nothing_else_is_chosen_there(query, words):
    tape = await got(f"use?{query}", method="POST")

    assert 400 == tape.head.status
    assert words in message_of(tape.sent)


async def test_to_look_at_it_changes_nothing():
    assert 400 == (await got("use?what=spare")).head.status
    assert 404 == (await got("use")).head.status
