"""Each rule by itself: whom it vetoes, and that it is silent otherwise."""

from dataclasses import replace

import pytest

from standby.core.models.facts import LocalModel
from standby.core.policy.decide import decide
from standby.core.policy.features import Features
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.pace import Pace
from standby.core.policy.privacy import Border, Privacy
from standby.core.policy.rules.sparing import needed_level
from standby.core.policy.thread import Thread
from standby.core.policy.verdicts import (
    Candidate,
    Facts,
    Machine,
    Score,
    Veto,
)
from standby.core.policy.workload import Guess, Workload
from standby.core.quota.machine import Admission
from standby.core.wire.purpose import Purpose
from tests.fakes.circles import STUCK, made
from tests.fakes.rooms import RULES
from tests.fakes.turns_of_work import loop, says

CLOUD = Candidate("cloud", is_cloud=True)


def local(name="qwen3:30b"):
    return Candidate("ollama", is_cloud=False, model=LocalModel("ollama", name, "http://127.0.0.1"))


def border(privacy):
    return (Border(privacy, "/work"),)


def body(*turns, size=400, **more):
    return Features({"messages": [*turns], **more}, size)


def facts(**changes):
    usual = {
        "model": "claude-opus-5-5",
        "purpose": Purpose.WORK,
        "admission": Admission.GO,
        "why": "",
        "trusted": True,
        "credential": True,
    }
    return Facts(**(usual | changes))


SPARE = {"mode": Mode.SPARE, "pace": Pace(4, "much is used")}
EDIT, PLAN = body(says("Rename `a` to `b`.")), body(says("Propose a design; weigh the options."))
HM = body(says("Hm."))
UNKNOWN = body(says("Gather moss, roll stones, quietly, like millers from beyond hills"))
LONG_EDIT = body(says("Rename `a` to `b`."), size=20_000)
UNLOADED = replace(local(), model=replace(local().model, loaded=False), wait_s=1.0)
RESTLESS = Thread("cloud", changed_at=(0.0,) * 4)
SEES = body({"role": "user", "content": [{"type": "image"}]})
LARGE = replace(local(), model=replace(local().model, context_tokens=64_000))
CIRCLES = {"features": body(*STUCK), "thread": Thread("ollama")}
ASKS_CLOUD = {"second_opinion": SecondOpinion.CLOUD, **CIRCLES}
ASKS_LOCAL = {"second_opinion": SecondOpinion.LOCAL, **CIRCLES}
ONCE_MORE = body(*STUCK, *made("Read", {"file_path": "a.py"}, STUCK[-1]["content"][0]["content"]))
TOOLLESS = replace(local(), model=replace(local().model, tools=False))


@pytest.mark.parametrize(
    ("rule", "known", "candidate"),
    [
        ("quota", facts(admission=Admission.STAY), CLOUD),
        ("chosen_model", facts(model="local"), CLOUD),
        ("chosen_model", facts(model="local/gemma"), local()),
        ("credential", facts(credential=False), CLOUD),
        ("credential", facts(trusted=False), local()),
        ("probe", facts(purpose=Purpose.QUOTA_PROBE), local()),
        ("classifier", facts(purpose=Purpose.CLASSIFIER), local()),
        ("classifier", facts(purpose=Purpose.CLASSIFIER, model="local"), local()),
        ("usable", facts(), Candidate("ollama", is_cloud=False)),
        ("usable", facts(), local("text-embedding-nomic-embed-text-v1.5")),
        ("usable", facts(), local("BAAI/bge-m3")),
        ("usable", facts(), local("qwen3-reranker-4b")),
        ("usable", facts(), local("multilingual-e5-large")),
        ("mode", facts(mode=Mode.LOCAL), CLOUD),
        ("mode", facts(mode=Mode.CLOUD), local()),
        ("privacy", facts(borders=border(Privacy.LOCAL_ONLY)), CLOUD),
        ("privacy", facts(borders=border(Privacy.CLOUD_ONLY)), local()),
        ("privacy", facts(borders=border(Privacy.ASK)), CLOUD),
        ("privacy", facts(borders=border(Privacy.ASK)), local()),
    ],
)
def test_a_rule_vetoes_what_it_is_for(rule, known, candidate):
    verdict = RULES[rule](known, candidate)

    assert isinstance(verdict, Veto)
    assert verdict.why


@pytest.mark.parametrize(
    ("rule", "known", "candidate"),
    [
        ("quota", facts(admission=Admission.STAY), local()),
        ("chosen_model", facts(), local()),
        ("chosen_model", facts(model="claude-local/ollama/qwen3:30b"), local()),
        ("chosen_model", facts(model="local"), Candidate("ollama", is_cloud=False)),
        ("credential", facts(credential=False), local()),
        ("credential", facts(trusted=False), CLOUD),
        ("probe", facts(purpose=Purpose.QUOTA_PROBE), CLOUD),
        ("probe", facts(purpose=Purpose.MODEL_PROBE), local()),
        ("probe", facts(purpose=Purpose.QUOTA_PROBE, model="local"), local()),
        ("classifier", facts(purpose=Purpose.CLASSIFIER), CLOUD),
        ("classifier", facts(purpose=Purpose.TITLE), local()),
        ("usable", facts(), CLOUD),
        ("usable", facts(), local()),
        ("usable", facts(), local("gemma-3n-e4b-it")),
        ("mode", facts(mode=Mode.LOCAL), local()),
        ("mode", facts(mode=Mode.LOCAL, purpose=Purpose.QUOTA_PROBE), CLOUD),
        ("mode", facts(mode=Mode.CLOUD, model="local"), local()),
        ("privacy", facts(), CLOUD),
        ("privacy", facts(borders=border(Privacy.LOCAL_ONLY)), local()),
        ("privacy", facts(borders=border(Privacy.ASK), chosen=True), CLOUD),
        ("preferred", facts(preferred="other"), local()),
        ("preferred", facts(preferred="qwen3:30b"), CLOUD),
        ("staying", facts(features=body(*loop())), CLOUD),
        ("staying", facts(thread=Thread("cloud"), features=body(says("x"))), CLOUD),
        ("staying", facts(thread=Thread("cloud"), features=body(*loop())), local()),
        ("sparing", facts(**SPARE, features=PLAN), local()),
        ("sparing", facts(**SPARE, features=body(says("Hm."))), local()),
        ("sparing", facts(**SPARE, features=EDIT), CLOUD),
        ("sparing", facts(features=EDIT), local()),
        ("sparing", facts(**SPARE, features=EDIT, thread=RESTLESS), local()),
        ("sparing", facts(**SPARE, features=PLAN, thread=Thread("x/y")), local()),
        ("sparing", facts(**{**SPARE, "pace": Pace(2, "x")}, features=EDIT), local()),
        ("sparing", facts(**SPARE, purpose=Purpose.MODEL_PROBE), local()),
        ("sparing", facts(**SPARE, features=EDIT, admission=Admission.STAY), local()),
        ("loop", facts(**CIRCLES), CLOUD),
        ("loop", facts(**ASKS_CLOUD), local()),
        ("loop", facts(**{**ASKS_CLOUD, "thread": Thread("cloud")}), CLOUD),
        ("loop", facts(**{**ASKS_CLOUD, "features": body(*STUCK, says("x"))}), CLOUD),
        ("loop", facts(**ASKS_LOCAL), CLOUD),
        ("loop", facts(**{**ASKS_LOCAL, "thread": Thread("x/y")}), local()),
        ("loop", facts(**{**ASKS_LOCAL, "features": ONCE_MORE}), local()),
        ("preferred", facts(**ASKS_LOCAL, preferred="qwen3:30b"), local()),
        ("window", facts(), local()),
        ("window", facts(features=body(size=4 * 30_000)), LARGE),
        ("abilities", facts(features=body(tools=[{"name": "Read"}])), local()),
        ("abilities", facts(mode=Mode.LOCAL, features=SEES), local()),
        ("resources", facts(), local()),
        ("resources", facts(machine=Machine(0.1)), CLOUD),
        ("resources", facts(purpose=Purpose.SUBAGENT), replace(local(), wait_s=60.0)),
        ("resources", facts(**SPARE, features=LONG_EDIT), replace(local(), wait_s=44.0)),
        ("resources", facts(**SPARE, features=EDIT), UNLOADED),
        ("resources", facts(**SPARE, features=LONG_EDIT, purpose=Purpose.TITLE), UNLOADED),
        ("resources", facts(**SPARE, features=LONG_EDIT, admission=Admission.STAY), UNLOADED),
        ("resources", facts(features=LONG_EDIT), UNLOADED),
        ("audition", facts(), local()),
    ],
)
def test_a_rule_is_silent_about_the_rest(rule, known, candidate):
    assert RULES[rule](known, candidate) is None


@pytest.mark.parametrize(
    ("rule", "known", "candidate", "words"),
    [
        ("preferred", facts(preferred="qwen3:30b"), local(), "you chose it"),
        ("staying", facts(thread=Thread("cloud"), features=body(*loop())), CLOUD, "began"),
        ("staying", facts(thread=Thread("ollama"), features=body(*loop())), local(), "it began"),
        ("staying", facts(thread=Thread("x/y"), features=body(*loop())), local(), "a local model"),
        ("sparing", facts(**SPARE, features=EDIT), local(), "mechanical edit"),
        ("sparing", facts(**SPARE, purpose=Purpose.TITLE), local(), "this is a title"),
        ("sparing", facts(**SPARE, features=HM, thread=Thread("x/y")), local(), "unknown kind"),
        ("sparing", facts(**SPARE, purpose=Purpose.SUBAGENT, features=PLAN), local(), "plan"),
        ("sparing", facts(**SPARE, purpose=Purpose.COMPACTION), local(), "this is a compaction"),
        ("loop", facts(**ASKS_CLOUD), CLOUD, "the same call of Read 3 times"),
        ("loop", facts(**{**ASKS_CLOUD, "features": ONCE_MORE}), CLOUD, "4 times"),
        ("audition", facts(), replace(local(), ability=0.9), "90%"),
    ],
)
def test_a_rule_is_for_what_it_is_for(rule, known, candidate, words):
    verdict = RULES[rule](known, candidate)

    assert isinstance(verdict, Score)
    assert verdict.points > 0
    assert words in verdict.why


@pytest.mark.parametrize(
    ("rule", "known", "candidate", "words"),
    [
        ("window", facts(features=body(size=4 * 60_000)), LARGE, "64000"),
        ("abilities", facts(features=SEES), local(), "eyes"),
        ("abilities", facts(features=body(tools=[{"name": "Read"}])), TOOLLESS, "template"),
        ("abilities", facts(features=body(tools=[{"type": "web_search_1"}])), local(), "server"),
        ("abilities", facts(features=body(output_config={"effort": "max"})), local(), "effort"),
        ("resources", facts(), replace(local(), rests=True), "failed"),
        ("resources", facts(), replace(local(), wait_s=60.0), "60 s"),
        ("resources", facts(**SPARE, features=LONG_EDIT), UNLOADED, "it is not loaded"),
        ("resources", facts(**SPARE, features=LONG_EDIT), local(), "5000 tokens was not seen"),
        ("resources", facts(machine=Machine(battery=0.1)), local(), "battery"),
        ("resources", facts(machine=Machine(memory=0.01)), local(), "memory"),
        ("loop", facts(**ASKS_LOCAL), local(), "round in circles"),
        ("audition", facts(), replace(local(), ability=0.2), "20%"),
    ],
)
def test_a_rule_is_against_what_it_is_against(rule, known, candidate, words):
    verdict = RULES[rule](known, candidate)

    assert isinstance(verdict, Score)
    assert verdict.points < 0
    assert words in verdict.why


@pytest.mark.parametrize("candidate", [local(), UNLOADED, replace(local(), wait_s=46.0)])
def test_nobody_waits_for_sparings_sake(candidate):
    known = facts(**SPARE, features=LONG_EDIT)
    prompt = decide(known, [CLOUD, replace(local(), wait_s=1.0)], RULES.values())
    slow = decide(known, [CLOUD, candidate], RULES.values())

    assert ("ollama", "cloud") == (prompt.order[0], slow.order[0])


def test_an_engine_that_rests_holds_no_turn():
    known = facts(thread=Thread("ollama"), features=body(*loop()))

    assert RULES["staying"](known, replace(local(), rests=True)) is None


@pytest.mark.parametrize(
    ("purpose", "features", "level"),
    [
        (Purpose.TITLE, EDIT, 1),
        (Purpose.SUBAGENT, EDIT, 1),
        (Purpose.SUBAGENT, PLAN, 2),
        (Purpose.WORK, EDIT, 3),
        (Purpose.WORK, PLAN, None),
        (Purpose.WORK, body(says("Rename `a` to `b`."), size=400_000), 4),
        (Purpose.COMPACTION, EDIT, 2),
        (Purpose.QUOTA_PROBE, EDIT, None),
    ],
)
def test_the_less_a_request_is_worth_the_earlier_it_goes(purpose, features, level):
    assert level == needed_level(facts(purpose=purpose, features=features))


@pytest.mark.parametrize(
    ("by", "features", "level"),
    [
        ("cloud", EDIT, 4),
        ("x/y", EDIT, 1),
        ("x/y", HM, 1),
        ("cloud", HM, None),
        ("x/y", PLAN, None),
        ("x/y", UNKNOWN, None),
    ],
)
def test_a_running_conversation_goes_last_and_goes_on_where_it_is(by, features, level):
    assert level == needed_level(facts(thread=Thread(by), features=features))


@pytest.mark.parametrize(
    ("before", "sure", "level"),
    [(0.0, 0.9, None), (0.4, 0.9, None), (0.5, 0.9, 4), (0.0, 0.96, 4)],
)
def test_a_running_conversation_leaves_for_a_sure_turn_or_for_the_second_in_a_row(
    before, sure, level
):
    features = Features({}, 400)
    features.workload = Guess(Workload.MECHANICAL, sure, ("said",), sure)

    assert level == needed_level(facts(thread=Thread("cloud", little=before), features=features))


def test_what_is_asked_first_is_told_how_to_allow_it():
    verdict = RULES["privacy"](facts(borders=border(Privacy.ASK)), CLOUD)

    assert "standby use cloud --project /work" in verdict.why


@pytest.mark.parametrize("admission", [Admission.GO, Admission.TRY])
def test_the_quota_rule_is_for_the_cloud_while_requests_may_go(admission):
    assert isinstance(RULES["quota"](facts(admission=admission), CLOUD), Score)


def test_the_quota_rule_lets_a_look_at_the_quota_through():
    known = facts(purpose=Purpose.QUOTA_PROBE, admission=Admission.STAY)

    assert isinstance(RULES["quota"](known, CLOUD), Score)
