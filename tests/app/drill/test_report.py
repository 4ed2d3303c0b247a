import json

import pytest

from standby.app.drill.rehearsal import Check, Drill, Moment, Phase
from standby.app.drill.report import PLAIN_SIGNS, as_json, closing, said
from standby.app.drill.stage import StageError
from standby.core.wire.json import dumps
from tests.fakes.stage import FakeStage


async def report(**how):
    return await Drill(FakeStage(**how), lambda _: None).run()


def test_each_thing_is_one_line_with_its_time_and_who_did_it():
    assert "   1.50 s  cloud    refuses" == said(Moment(1.5, "cloud", "refuses")).text
    assert "\nThe cloud answers" == said(Phase("the cloud answers")).text


@pytest.mark.parametrize(
    ("check", "line", "mood"),
    [
        (Check("all is well", passed=True, found="2"), "✓ all is well", "good"),
        (Check("all is well", passed=False, found="2"), "✗ all is well: 2", "bad"),
        (Check("all is well", passed=False), "✗ all is well", "bad"),
    ],
)
def test_a_check_says_what_was_found_only_where_it_failed(check, line, mood):
    assert (line, mood) == (said(check).text.strip(), said(check).mood)


def test_a_terminal_without_ticks_gets_words():
    assert "ok all is well" == said(Check("all is well", passed=True), PLAIN_SIGNS).text.strip()


@pytest.mark.anyio
async def test_the_end_has_the_figures_the_verdict_and_what_to_do():
    good = "\n".join(line.text for line in closing(await report()))
    bad = "\n".join(line.text for line in closing(await report(nobody=StageError("no", "Do it."))))

    assert "The cloud saw 5 requests and refused 1. The client was a fake." in good
    assert "The switch works on this machine" in good
    assert bad.endswith("\nDo it.")


@pytest.mark.anyio
async def test_as_data_it_has_the_same_phases_checks_and_times():
    done = await report()
    data = json.loads(dumps(as_json(done, ("a line",))))

    assert (True, ["a line"], done.verdict) == (data["passed"], data["log"], data["verdict"])
    assert {"engine": "embedded", "model": "small", "rehearsal": True} == data["stand_in"]
    assert [phase.title for phase in done.phases] == [one["title"] for one in data["phases"]]
    assert all(check["passed"] for phase in data["phases"] for check in phase["checks"])
    assert len(done.moments) == len(data["timeline"])


@pytest.mark.anyio
async def test_without_a_stand_in_the_data_says_that_there_is_none():
    assert as_json(await report(nobody=StageError("no")))["stand_in"] is None
