"""Our own pages."""

import pytest

from standby.app.choosing import ChoiceError
from standby.app.showing.usage import QueryError
from standby.core.models.facts import LocalModel
from standby.core.wire.json import loads as read
from standby.ports import EngineError
from standby.server.control import ControlDoor
from tests.fakes.line import Tape

pytestmark = pytest.mark.anyio


class Reports:
    async def status(self):
        return {"answering": "cloud"}

    def glance(self, session, project):
        return {"answering": "local", "session": session, "project": project}

    def warm(self):
        return {"why": "you asked for it"}

    def warmth(self):
        return {"why": "the cloud serves"}

    async def recent(self, limit):
        return [{"id": number} for number in range(limit)][:2]


class Loads:
    def __init__(self):
        self.told = []

    async def load(self, name, context_tokens=0):
        self.told.append(("load", name, context_tokens))
        if name != "lmstudio/a b":
            raise EngineError(f"there is no model {name!r}")
        return LocalModel("lmstudio", "a b", "", context_tokens=context_tokens)

    async def unload(self, name):
        self.told.append(("unload", name))
        return LocalModel("lmstudio", "a b", "")


class Choices:
    async def use(self, fields):
        if fields.get("what") == "nonsense":
            raise ChoiceError("there is no such model")
        return {"chosen": fields}


class Reckoning:
    async def foreseen(self):
        return {"5h": {"lasts": True}}

    async def told(self, fields):
        if fields.get("by") == "nonsense":
            raise QueryError("by is session, project, model, day or hour")
        return {"by": fields.get("by", "")}


async def got(method, target, loads=None):
    tape = Tape()
    door = ControlDoor(
        Reports(), lambda nonce: f"proof of {nonce}", loads or Loads(), Choices(), Reckoning()
    )
    await door.serve(method, target, tape)
    return tape


async def test_a_model_is_loaded_and_unloaded_by_its_name():
    loads = Loads()
    tape = await got("POST", "/standby/models/load?model=lmstudio/a+b&context=8192", loads)
    assert (200, {"key": "lmstudio/a b", "context_tokens": 8192}) == (
        tape.head.status,
        read(tape.sent),
    )
    assert (
        200 == (await got("POST", "/standby/models/unload?model=lmstudio/a+b", loads)).head.status
    )
    assert [("load", "lmstudio/a b", 8192), ("unload", "lmstudio/a b")] == loads.told


@pytest.mark.parametrize("query", ["model=gone", "", "model=gone&context=-1", "context=x"])
async def test_what_the_engines_refuse_is_a_conflict_in_words(query):
    tape = await got("POST", f"/standby/models/load?{query}")

    assert 409 == tape.head.status
    assert "there is no model" in read(tape.sent)["error"]["message"]


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("/standby/health", {"status": "ok"}),
        ("/standby/usage", {"by": ""}),
        ("/standby/usage?by=day&since=1", {"by": "day"}),
        ("/standby/health?", {"status": "ok"}),
        ("/standby/health?other=1", {"status": "ok"}),
        ("/standby/health?nonce=", {"status": "ok"}),
        ("/standby/health?nonce=abc", {"status": "ok", "proof": "proof of abc"}),
        ("/standby/status", {"answering": "cloud"}),
        (
            "/standby/glance",
            {
                "answering": "local",
                "session": "",
                "project": "",
                "foreseen": {"5h": {"lasts": True}},
            },
        ),
        (
            "/standby/glance?session=abc&project=/work/a%20b",
            {
                "answering": "local",
                "session": "abc",
                "project": "/work/a b",
                "foreseen": {"5h": {"lasts": True}},
            },
        ),
        ("/standby/warm", {"why": "the cloud serves"}),
        ("/standby/recent", {"entries": [{"id": 0}, {"id": 1}]}),
    ],
)
async def test_each_page_is_json_that_nobody_keeps(target, value):
    tape = await got("GET", target)

    assert (200, value) == (tape.head.status, read(tape.sent))
    assert "application/json" == tape.head.header("content-type")
    assert "no-store" == tape.head.header("cache-control")


async def test_a_choice_is_made_with_the_words_of_the_query():
    tape = await got("POST", "/standby/use?what=local&project=%2Fwork%2Fa%20b&for_s=")

    fields = {"what": "local", "project": "/work/a b", "for_s": ""}
    assert (200, {"chosen": fields}) == (tape.head.status, read(tape.sent))


async def test_a_choice_that_cannot_be_made_is_refused_in_words():
    tape = await got("POST", "/standby/use?what=nonsense")

    assert 400 == tape.head.status
    assert "there is no such model" == read(tape.sent)["error"]["message"]


async def test_warming_is_asked_for_by_post_alone():
    assert {"why": "you asked for it"} == read((await got("POST", "/standby/warm")).sent)


async def test_a_nonce_is_cut_before_it_is_answered():
    proof = read((await got("GET", "/standby/health?nonce=" + "x" * 9999)).sent)["proof"]

    assert "proof of " + "x" * 128 == proof


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/standby/status"),
        ("GET", "/standby/models/load"),
        ("POST", "/standby/models/delete"),
        ("HEAD", "/standby/health"),
        ("GET", "/standby/use?what=local"),
        ("GET", "/standby/"),
        ("GET", "/standby/status/"),
        ("GET", "/standby/canary-of-a-path"),
    ],
)
async def test_what_there_is_not_is_a_404_that_reflects_nothing(method, target):
    tape = await got(method, target)

    assert 404 == tape.head.status
    assert "not_found_error" == read(tape.sent)["error"]["type"]
    assert b"canary" not in tape.sent


async def test_a_report_that_cannot_be_is_refused_in_words():
    tape = await got("GET", "/standby/usage?by=nonsense")

    assert 400 == tape.head.status
    assert "by is session" in read(tape.sent)["error"]["message"]
