from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.facts import LocalModel
from standby.core.policy.decide import decide
from standby.core.policy.names import is_local_name
from standby.core.policy.verdicts import Candidate, Facts, Mode, Score, Veto
from standby.core.quota.machine import Admission
from standby.core.wire.asked import Purpose
from tests.fakes.rooms import RULES

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
)
candidates = st.lists(
    st.booleans().flatmap(
        lambda cloud: st.builds(
            Candidate,
            st.sampled_from("abcdef"),
            st.just(cloud),
            st.none() if cloud else local_models,
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


def test_every_file_in_the_package_is_a_rule():
    rules = {"chosen_model", "classifier", "credential", "mode", "probe", "quota", "usable"}
    assert rules == set(RULES)
