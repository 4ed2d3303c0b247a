from dataclasses import replace

import pytest

from standby.app.drill.rehearsal import Check, Drill, Moment, Phase
from standby.app.drill.stage import StageError
from tests.fakes.stage import CLOUD, LOCAL, FakeStage, changed

pytestmark = pytest.mark.anyio

LIMIT = 2
"""Which phase is about the limit."""
BACK = 3


async def drilled(stage):
    return await Drill(stage, lambda _: None).run()


def wrong(report):
    return [check.words for phase in report.phases for check in phase.checks if not check.passed]


async def test_a_switch_over_as_it_ought_to_be_is_green_in_all_four_phases():
    report = await drilled(FakeStage())

    assert (True, []) == (report.passed, wrong(report))
    assert [True] * 4 == [phase.passed for phase in report.phases]
    assert (5, 1) == (report.cloud_requests, report.cloud_refusals)
    assert "small took over 1.00 s after the refusal" in report.verdict


async def test_what_happens_is_told_as_it_happens_and_in_order():
    events = []
    report = await Drill(FakeStage(), events.append).run()

    assert list(report.phases) == [event for event in events if isinstance(event, Phase)]
    moments = [event for event in events if isinstance(event, Moment)]
    assert list(report.moments) == moments
    refused = next(at for at, one in enumerate(moments) if one.what.startswith("refuses"))
    assert "local" == moments[refused + 1].who


@pytest.mark.parametrize(
    ("phase", "twist", "words"),
    [
        (0, changed(lambda _: True, model=CLOUD), "the local model answers"),
        (1, changed(lambda one: one.model == CLOUD, calls=()), "a tool is called"),
        (1, changed(lambda one: one.model == CLOUD, text=""), "its result is answered in words"),
        (1, changed(lambda one: one.model == CLOUD, model=LOCAL), "every answer is the cloud's"),
        (
            LIMIT,
            changed(lambda one: bool(one.calls) and one.model == LOCAL, model=CLOUD),
            "that same request is answered by the local model, without an error",
        ),
        (LIMIT, changed(lambda one: one.model == LOCAL, calls=()), "a tool is called"),
        (
            LIMIT,
            changed(lambda _: True, notice=""),
            "the conversation says who answers, and why",
        ),
        pytest.param(
            LIMIT,
            changed(lambda one: bool(one.notice), notice="somebody else answers"),
            "the conversation says who answers, and why",
            id="a notice that names another",
        ),
    ],
)
async def test_an_answer_that_is_not_as_it_must_be_fails_its_phase_and_no_later_one_begins(
    phase, twist, words
):
    report = await drilled(FakeStage(twist=twist))

    assert not report.passed
    assert words in wrong(report)
    assert phase + 1 == len(report.phases)
    assert report.verdict.startswith(f"The drill failed where {report.phases[phase].title}: ")


@pytest.mark.parametrize(
    ("phase", "change", "words"),
    [
        (
            LIMIT,
            lambda one: None if one.refused else one,
            "the cloud refuses exactly one request",
        ),
        (
            BACK,
            lambda one: replace(one, status=400, why="no") if one.thoughts > 1 else one,
            "the cloud accepts the mixed conversation under its strict rules",
        ),
        (
            BACK,
            lambda one: replace(one, thoughts=min(one.thoughts, 1) if one.at < 1_003 else 0),
            "what the cloud thought comes back to it intact",
        ),
        (
            BACK,
            lambda one: replace(one, marked=one.thoughts > 1),
            "the gateway's notice is taken out",
        ),
    ],
)
async def test_a_request_that_is_not_as_it_must_be_fails_its_phase(phase, change, words):
    report = await drilled(FakeStage(hear=change))

    assert words in wrong(report)
    assert phase + 1 == len(report.phases)


async def test_a_gateway_that_speaks_to_somebody_else_fails_a_drill_that_went_well():
    report = await drilled(FakeStage(seen=("192.0.2.1:443",)))

    assert ["no connection left this machine"] == wrong(report)
    assert "192.0.2.1:443" in report.verdict


async def test_a_limit_that_ends_too_early_for_the_local_model_comes_again_and_lasts_longer():
    slow = FakeStage()
    slow.twist = lambda answer: slowed(slow, answer, limits=1)
    report = await drilled(slow)

    assert (True, []) == (report.passed, wrong(report))
    assert 2 == len(slow.limits)
    assert slow.limits[0] * 4 == slow.limits[1]


async def test_a_local_model_that_is_never_done_in_time_is_said_to_be_too_slow():
    slow = FakeStage()
    slow.twist = lambda answer: slowed(slow, answer, limits=9)
    report = await drilled(slow)

    assert ["the local model is too slow for a rehearsal"] == wrong(report)
    assert "smaller model" in report.hint


def slowed(stage, answer, limits):
    """Let time pass after a local call, over the end of so many limits."""
    if answer.calls and answer.model == LOCAL and len(stage.limits) <= limits:
        stage._at += stage.limits[-1]
    return answer


async def test_the_limit_lasts_longer_where_the_local_model_is_slow_from_the_start():
    quick, slow = FakeStage(), FakeStage(local_s=20.0)
    await drilled(quick)
    await drilled(slow)

    assert quick.limits[0] + 30 < slow.limits[0]


async def test_a_client_that_cannot_make_a_model_call_is_not_blamed_for_one_that_does_not():
    never = changed(lambda one: one.model == LOCAL, calls=(), text="I would rather talk.")

    assert (await drilled(FakeStage(obeys=False, twist=never))).passed
    assert not (await drilled(FakeStage(obeys=True, twist=never))).passed


async def test_a_stage_that_fails_ends_the_drill_with_its_words_and_its_hint():
    report = await drilled(FakeStage(nobody=StageError("nobody is there", "Call somebody.")))

    assert (False, "Call somebody.") == (report.passed, report.hint)
    assert "nobody is there" in report.verdict
    assert [Check("nobody is there", passed=False)] == report.phases[0].checks


async def test_a_phase_without_a_check_has_not_passed():
    assert not Phase("nothing was looked at").passed
