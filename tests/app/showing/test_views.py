"""Who answered when, conversations and engines, as a page shows them."""

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from standby.app.local.admission import Admission
from standby.app.local.engines import Engines, Preference
from standby.app.showing.views import RANGES, Views
from standby.core.request import Account
from standby.core.turns import Priority
from standby.core.usage import Entry, Tokens
from standby.core.usage.sums import Line, Sums
from standby.server.api.schemas import SCHEMAS
from tests.fakes.clock import SetClock
from tests.fakes.records import PaperRecords
from tests.fakes.talker import Talker

pytestmark = pytest.mark.anyio

NOW = SetClock().wall
HOUR = 3600.0
ENTRY = Entry(
    *("r1", NOW - 60, "s", Account("a" * 32), "opus", "opus", "cloud", "the cloud serves"),
    *("ok", 200, Tokens(1, 20, 300, 4), 0.5, 2.5),
    project="/work/parser",
)
LOCAL = replace(ENTRY, id="r2", at=NOW - 30, session="s/agent", by="local", saved=True)
BROKEN = replace(ENTRY, id="r3", at=NOW - 20, session="t", outcome="broken", first_token_s=None)
ENTRIES = ((3, BROKEN), (2, LOCAL), (1, ENTRY))


class Room:
    async def bytes_of(self, engine):
        return 5 if engine == "desk" else None


def views(*, clock=None, engines=(), **records):
    clock = clock or SetClock()
    known = Engines([Talker()] if engines == () else engines, Preference(), clock)
    admission = Admission(clock)
    paper = PaperRecords(*records.pop("hours", ()), **records)
    return Views(known, admission, paper, clock, lambda: None, Room()), known, admission


def hold(name, value):
    """Hold a value against the API's own description: no field less, and none more."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": closed(SCHEMAS)}}
    Draft202012Validator(schema).validate(value)


def closed(schema):
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        fixed = schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
        return {**inner, "additionalProperties": False} if fixed else inner
    return [closed(one) for one in schema] if isinstance(schema, list) else schema


async def test_requests_are_shown_newest_first_and_hold_to_the_description():
    shown, _, _ = views(entries=ENTRIES)
    said = await shown.requests(2)

    hold("Requests", said)
    assert [(3, "r3"), (2, "r2")] == [(one["seq"], one["id"]) for one in said["requests"]]
    assert [3, 2] == [one["seq"] for one in (await shown.requests(9, after=1))["requests"]]


async def test_a_conversation_has_its_subagents_its_project_and_its_sides():
    lines = [
        Line("s", "cloud", "opus", Sums.of(ENTRY), NOW - HOUR),
        Line("s", "local", "opus", Sums.of(LOCAL), NOW - HOUR),
        Line("t", "cloud", "opus", Sums.of(BROKEN), NOW - 2 * HOUR),
    ]
    shown, _, _ = views(entries=ENTRIES, groups={"session": lines})
    said = await shown.sessions(50)

    hold("Sessions", said)
    assert [("t", 1), ("s", 2)] == [(one["id"], one["requests"]) for one in said["sessions"]]
    both = said["sessions"][1]
    assert ("/work/parser", "local", 1, 1, 0, 1) == (
        *(both["project"], both["last_by"], both["cloud"], both["local"]),
        *(both["failed"], both["saved"]),
    )
    assert 1 == said["sessions"][0]["failed"]
    assert 1 == len((await shown.sessions(1))["sessions"])


async def test_one_conversation_is_shown_with_its_requests():
    lines = [Line("s", "cloud", "opus", Sums.of(ENTRY) + Sums.of(LOCAL), NOW)]
    shown, _, _ = views(entries=ENTRIES, groups={"session": lines})
    said = await shown.session("s")

    hold("OneSession", said)
    assert ["r2", "r1"] == [one["id"] for one in said["requests"]]
    assert (2, 610) == (said["session"]["requests"], said["session"]["input_tokens"])


@pytest.mark.parametrize("name", ["", "unknown"])
async def test_a_conversation_that_is_not_known_is_none(name):
    shown, _, _ = views(entries=ENTRIES)

    assert await shown.session(name) is None


@pytest.mark.parametrize("name", RANGES)
async def test_a_timeline_has_a_point_for_each_step_up_to_now(name):
    at = NOW // HOUR * HOUR
    hours = [Line(str(int(at)), "cloud", "opus", Sums.of(ENTRY))]
    shown, _, _ = views(entries=((1, ENTRY),), hours=hours)
    said = await shown.timeline(name)

    hold("Timeline", said)
    span = RANGES[name]
    assert span.length_s / span.step_s == len(said["points"])
    assert said["since"] <= NOW - span.length_s + span.step_s
    assert NOW < said["until"] <= NOW + span.step_s
    assert 1 == sum(point["cloud"] for point in said["points"])
    assert 1 == said["points"][-1]["cloud"]


async def test_short_steps_come_out_of_rows_and_say_who_answered():
    shown, _, _ = views(entries=ENTRIES)
    last = (await shown.timeline("6h"))["points"][-1]

    assert (3, 1, 1, 0, 1) == tuple(
        last[name] for name in ("requests", "cloud", "local", "both", "failed")
    )
    assert last["cloud_tokens_per_s"] == 10.0


async def test_a_switch_of_the_range_is_shown_and_an_older_one_is_not():
    old = replace(LOCAL, at=NOW - 8 * HOUR)
    shown, _, _ = views(entries=((2, LOCAL), (1, old)))
    said = await shown.timeline("6h")

    assert [LOCAL.at] == [one["at"] for one in said["switches"]]
    assert "local" == said["switches"][0]["to"]


async def test_an_engine_shows_its_models_slots_and_memory():
    shown, known, admission = views()
    await known.refresh()
    [model] = known.known()
    async with admission.slot(model, admission.turn("s", Priority.MAIN)):
        said = await shown.engines()

    hold("Engines", said)
    [engine] = said["engines"]
    assert ("desk", 1, 1, 0, 5) == (
        *(engine["engine"], engine["slots"], engine["busy"]),
        *(engine["waiting"], engine["memory_bytes"]),
    )
    assert ["desk/coder"] == [one["key"] for one in engine["models"]]


async def test_without_an_engine_it_says_so():
    shown, _, _ = views(engines=[])
    said = await shown.engines()

    hold("Engines", said)
    assert [] == said["engines"]
    assert said["problem"]
