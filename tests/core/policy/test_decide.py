from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.facts import LocalModel
from standby.core.policy.decide import decide
from standby.core.policy.features import Features
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.names import is_local_name
from standby.core.policy.pace import Pace
from standby.core.policy.privacy import Border, Privacy
from standby.core.policy.thread import Thread
from standby.core.policy.verdicts import (
    Candidate,
    Facts,
    Machine,
    Score,
    Veto,
)
from standby.core.quota.machine import Admission
from standby.core.wire.purpose import Purpose
from tests.fakes.circles import STUCK, made
from tests.fakes.rooms import RULES
from tests.fakes.turns_of_work import loop, says

MODEL = LocalModel("ollama", "qwen3:30b", "http://127.0.0.1:11434")
CLOUD, LOCAL = Candidate("cloud", is_cloud=True), Candidate("ollama", is_cloud=False, model=MODEL)
names = ["claude-opus-5-5", "local", "local/qwen3:30b", "claude-local/ollama/qwen3:30b", "local/x"]
local_models = st.sampled_from(
    [None, MODEL, LocalModel("lmstudio", "text-embedding-nomic-v2", "http://127.0.0.1:1234")]
)
facts = st.builds(
    Facts,
    model=st.sampled_from(names),
    purpose=st.sampled_from(Purpose),
    admission=st.sampled_from(Admission),
    why=st.sampled_from(["", "the 5-hour limit is reached"]),
    trusted=st.booleans(),
    credential=st.booleans(),
    mode=st.sampled_from(Mode),
    preferred=st.sampled_from(["", "qwen3:30b"]),
    chosen=st.booleans(),
    thread=st.builds(
        Thread, st.sampled_from(["", "cloud", *"abcdef"]), tokens=st.integers(0, 200_000)
    ),
    features=st.builds(
        Features,
        st.sampled_from(
            [
                {},
                {"messages": loop("Rename `a`")},
                {"messages": [says("Rename a")]},
                {"messages": STUCK},
            ]
        ),
        st.integers(0, 1_000_000),
    ),
    pace=st.builds(Pace, st.integers(0, 4), st.just("much is used")),
    borders=st.lists(st.builds(Border, st.sampled_from(Privacy), st.just("/work")), max_size=2).map(
        tuple
    ),
    machine=st.builds(Machine, st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)),
    second_opinion=st.sampled_from(SecondOpinion),
)
candidates = st.lists(
    st.booleans().flatmap(
        lambda cloud: st.builds(
            Candidate,
            st.sampled_from("abcdef"),
            st.just(cloud),
            st.none() if cloud else local_models,
            st.just(False) if cloud else st.booleans(),
            st.none() if cloud else st.none() | st.floats(0, 600),
            st.none() if cloud else st.none() | st.floats(0, 1),
        )
    ),
    unique_by=lambda candidate: candidate.name,
)


def asked(**changes):
    usual = {
        "model": "claude-opus-5-5",
        "purpose": Purpose.WORK,
        "admission": Admission.GO,
        "why": "",
        "trusted": True,
        "credential": True,
    }
    return Facts(**(usual | changes))


def order(**changes):
    return decide(asked(**changes), [LOCAL, CLOUD], RULES.values()).order


@given(facts, candidates, st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(known, who, dice):
    shuffled = list(RULES.values())
    dice.shuffle(shuffled)

    assert decide(known, who, RULES.values()) == decide(known, who, shuffled)


@given(facts, candidates)
def test_nobody_serves_whom_a_rule_has_vetoed_and_everybody_else_does(known, who):
    decision = decide(known, who, RULES.values())

    for candidate in who:
        vetoed = any(isinstance(rule(known, candidate), Veto) for rule in RULES.values())
        assert vetoed == bool(decision.against(candidate.name))
        assert vetoed != (candidate.name in decision.order)


@given(facts, candidates)
def test_no_stranger_is_served_by_a_local_model_and_none_without_credential_by_the_cloud(
    known, who
):
    serving = decide(known, who, RULES.values()).order
    kinds = {candidate.is_cloud for candidate in who if candidate.name in serving}

    assert known.trusted or False not in kinds
    assert known.credential or True not in kinds


@given(facts, candidates)
def test_a_local_name_never_reaches_the_cloud(known, who):
    serving = decide(known, who, RULES.values()).order
    if is_local_name(known.model):
        assert not any(c.is_cloud and c.name in serving for c in who)


@given(facts, candidates)
def test_without_a_decisive_rule_somebody_else_comes_first_and_without_any_other_nobody(known, who):
    decision = decide(known, who, RULES.values())

    for name in RULES:
        rest = [rule for other, rule in RULES.items() if other != name]
        changed = decide(known, who, rest).order[:1] != decision.order[:1]
        assert changed == (name in decision.decisive)


def test_the_rule_that_decides_is_named():
    stays = decide(asked(admission=Admission.STAY), [CLOUD, LOCAL], RULES.values())
    twice = decide(asked(admission=Admission.STAY, mode=Mode.LOCAL), [CLOUD, LOCAL], RULES.values())

    assert ("quota",) == stays.decisive
    assert () == twice.decisive


def test_the_cloud_is_preferred_while_it_serves():
    assert ("cloud", "ollama") == order()
    assert ("cloud", "ollama") == order(admission=Admission.TRY)


def test_a_local_model_serves_while_the_cloud_stays_unasked():
    decision = decide(
        asked(admission=Admission.STAY, why="the 5-hour limit is reached"),
        [CLOUD, LOCAL],
        RULES.values(),
    )

    assert ("ollama",) == decision.order
    assert ("the 5-hour limit is reached",) == decision.against("cloud")


def test_a_look_at_the_quota_goes_to_the_cloud_alone_even_when_it_is_spent():
    assert ("cloud",) == order(purpose=Purpose.QUOTA_PROBE, admission=Admission.STAY)


def test_a_probe_of_a_cloud_model_is_answered_here_while_the_quota_is_spent():
    assert ("ollama",) == order(purpose=Purpose.MODEL_PROBE, admission=Admission.STAY)


def test_the_order_given_decides_between_equals():
    others = [Candidate(name, is_cloud=False, model=MODEL) for name in "ba"]

    assert ("b", "a") == decide(asked(), others, RULES.values()).order


def test_points_decide_before_the_order_given():
    def favour(_, candidate):
        return Score(1, "faster") if candidate.name == "a" else None

    others = [Candidate(name, is_cloud=False, model=MODEL) for name in "ba"]

    assert ("a", "b") == decide(asked(), others, [favour]).order


@given(facts, candidates)
def test_the_same_facts_give_the_same_decision(known, who):
    assert decide(known, who, RULES.values()) == decide(known, who, RULES.values())


@given(facts, candidates, st.sampled_from("abcdef"))
def test_within_a_tool_loop_nobody_else_goes_before_who_began_it(known, who, began):
    known = replace(known, thread=Thread(began), features=Features({"messages": loop()}, 400))
    first = next((one for one in who if one.name == began), None)
    decision = decide(known, who, RULES.values())

    if first is not None and not first.rests and first.name in decision.order:
        same = {one.name for one in who if one.is_cloud} if first.is_cloud else {began}
        assert decision.order[0] in same


@given(facts, candidates, st.sampled_from(["cloud", *"abcdef"]), st.integers(0, 4))
def test_within_a_tool_loop_nothing_is_spared(known, who, began, level):
    known = replace(known, thread=Thread(began), features=Features({"messages": loop()}, 400))
    hard, easy = (replace(known, pace=Pace(each, "much is used")) for each in (level, 0))

    assert decide(hard, who, RULES.values()) == decide(easy, who, RULES.values())


@given(facts, candidates, st.sampled_from("abcdef"))
def test_a_turn_that_goes_in_circles_is_the_clouds_if_it_may_have_it(known, who, began):
    circles = Features({"messages": STUCK}, 400)
    known = replace(known, thread=Thread(began), features=circles)
    known = replace(known, second_opinion=SecondOpinion.CLOUD)
    order = decide(known, who, RULES.values()).order
    clouds = {one.name for one in who if one.is_cloud}

    if clouds & {*order}:
        assert order[0] in clouds


def test_circles_outweigh_the_staying_and_a_preferred_model():
    known = asked(
        thread=Thread(LOCAL.name),
        features=Features({"messages": STUCK}, 400),
        second_opinion=SecondOpinion.CLOUD,
        preferred=MODEL.id,
        admission=Admission.TRY,
    )
    off = replace(known, second_opinion=SecondOpinion.OFF)

    assert (CLOUD.name, LOCAL.name) == decide(known, [LOCAL, CLOUD], RULES.values()).order
    assert (LOCAL.name, CLOUD.name) == decide(off, [LOCAL, CLOUD], RULES.values()).order


def test_another_local_model_goes_on_where_one_goes_in_circles_and_keeps_the_turn():
    other = Candidate("lmstudio", is_cloud=False, model=LocalModel("lmstudio", "m", "http://x"))
    known = asked(
        thread=Thread(LOCAL.name),
        features=Features({"messages": STUCK}, 400),
        second_opinion=SecondOpinion.LOCAL,
        preferred=MODEL.id,
        admission=Admission.STAY,
    )
    after = replace(
        known,
        thread=Thread(other.name),
        features=Features({"messages": [*STUCK, *made("Bash", number=9)]}, 400),
    )

    assert (other.name, LOCAL.name) == decide(known, [LOCAL, other], RULES.values()).order
    assert (other.name, LOCAL.name) == decide(after, [LOCAL, other], RULES.values()).order
    alone = decide(known, [LOCAL, CLOUD], RULES.values())
    assert (LOCAL.name,) == alone.order


@given(facts, candidates)
def test_behind_a_border_nobody_serves_whom_it_keeps_out(known, who):
    decision = decide(known, who, RULES.values())
    serving = [one for one in who if one.name in decision.order]
    rules = {border.privacy for border in known.borders}

    assert Privacy.LOCAL_ONLY not in rules or not any(one.is_cloud for one in serving)
    assert Privacy.CLOUD_ONLY not in rules or all(one.is_cloud for one in serving)
    assert Privacy.ASK not in rules or known.chosen or not serving


@given(facts, candidates)
def test_while_the_cloud_serves_it_is_preferred_but_for_what_is_spared_or_under_way(known, who):
    known = replace(known, mode=Mode.AUTO, thread=Thread())
    decision = decide(known, who, RULES.values())
    clouds = {one.name for one in who if one.is_cloud}

    if clouds & {*decision.order}:
        assert decision.order[0] in clouds


@given(facts)
def test_a_turn_of_high_value_stays_on_a_cloud_that_serves(known):
    plan = Features({"messages": [says("Design the new cache; weigh the trade-offs.")]}, 400)
    known = replace(
        known,
        model="claude-opus-5-5",
        purpose=Purpose.WORK,
        features=plan,
        preferred="",
        mode=Mode.SPARE,
        thread=replace(known.thread, by="cloud"),
        borders=(),
        credential=True,
        admission=Admission.GO,
    )

    assert "cloud" == decide(known, [LOCAL, CLOUD], RULES.values()).order[0]


def test_a_decision_says_why_a_local_model_goes_first():
    spared = {
        "mode": Mode.SPARE,
        "pace": Pace(4, "90% of 5h is used with 50% of it passed"),
        "features": Features({"messages": [says("Rename `a` to `b`.")]}, 400),
    }
    decision = decide(asked(**spared), [LOCAL, CLOUD], RULES.values())
    off = decide(asked(mode=Mode.LOCAL), [LOCAL, CLOUD], RULES.values())

    assert ("ollama", "cloud") == decision.order
    assert decision.prefers_local.startswith("to spare the quota (90% of 5h is used")
    assert "mechanical edit" in decision.prefers_local
    assert "the user has switched the cloud off" == off.prefers_local
    assert "" == decide(asked(), [LOCAL, CLOUD], RULES.values()).prefers_local
    spent = decide(asked(admission=Admission.STAY), [LOCAL, CLOUD], RULES.values())
    assert ("", {"quota"}) == (spent.prefers_local, spent.vetoes("cloud"))
    assert off.names("mode")
    assert not off.names("privacy")


def test_every_file_in_the_package_is_a_rule():
    assert {
        *("abilities", "audition", "chosen_model", "classifier", "credential", "loop", "mode"),
        *("preferred", "privacy", "probe", "quota", "resources", "sparing", "staying"),
        *("usable", "window"),
    } == set(RULES)
