"""Each rule by itself: whom it vetoes, and that it is silent otherwise."""

import pytest

from standby.core.models.facts import LocalModel
from standby.core.policy.verdicts import Candidate, Facts, Mode, Score, Veto
from standby.core.quota.machine import Admission
from standby.core.wire.asked import Purpose
from tests.fakes.rooms import RULES

CLOUD = Candidate("cloud", is_cloud=True)


def local(name="qwen3:30b"):
    return Candidate("ollama", is_cloud=False, model=LocalModel("ollama", name, "http://127.0.0.1"))


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
    ],
)
def test_a_rule_is_silent_about_the_rest(rule, known, candidate):
    assert RULES[rule](known, candidate) is None


@pytest.mark.parametrize("admission", [Admission.GO, Admission.TRY])
def test_the_quota_rule_is_for_the_cloud_while_requests_may_go(admission):
    assert isinstance(RULES["quota"](facts(admission=admission), CLOUD), Score)


def test_the_quota_rule_lets_a_look_at_the_quota_through():
    known = facts(purpose=Purpose.QUOTA_PROBE, admission=Admission.STAY)

    assert isinstance(RULES["quota"](known, CLOUD), Score)
