"""`standby warm`: it asks, waits until it is warm, and says how far that is."""

import json

import pytest

from standby.cli import warm
from tests.fakes.gateway import running_gateway, status


def conversation(state, percent=0, tokens=1200, agent=None):
    more = {"session": "3f2a91c0", "agent": agent, "read_tokens": 12 * percent}
    return {**more, "state": state, "percent": percent, "tokens": tokens}


def warmth(*conversations, **changes):
    return {
        "warm": True,
        "why": "you asked for it",
        "model": "embedded/coder",
        "problem": None,
        "conversations": [*conversations],
        **changes,
    }


STARTING = warmth(model="")
HALF = warmth(conversation("warming", 50), conversation("cold", agent="beef"))
WARM = warmth(conversation("warm", 100), conversation("cold", agent="beef"))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(warm, "_LOOK_S", 0.0)


def test_it_waits_until_it_is_warm_and_says_how_far_it_is(standby, where):
    with running_gateway(where, warmths=(STARTING, HALF, HALF, WARM)) as fake:
        said = standby("warm")

    assert 0 == said.code
    assert ["the engine is being started", "embedded/coder reads, 50 %"] == [
        line.removeprefix("standby: ") for line in said.err.splitlines()
    ]
    assert "embedded/coder is kept warm: you asked for it" in said.out
    assert "3f2a91c0  warm" in said.out
    assert "3f2a91c0/beef  cold" in said.out
    assert 4 == sum(path == "/standby/warm" for path, _ in fake.requests)


def test_without_waiting_it_says_how_it_is_now(standby, where):
    with running_gateway(where, warmths=(HALF,)):
        said = standby("warm", "--no-wait")

    assert (0, "") == (said.code, said.err)
    assert "warming 50 % of 1200 tokens" in said.out


def test_as_json_it_is_what_the_gateway_says(standby, where):
    with running_gateway(where, warmths=(WARM,)):
        said = standby("warm", "--json")

    assert (0, WARM) == (said.code, json.loads(said.out))


def test_with_nobody_to_warm_for_the_engine_is_ready_all_the_same(standby, where):
    with running_gateway(where, warmths=(warmth(),)):
        said = standby("warm")

    assert 0 == said.code
    assert "no conversation is live" in said.out


def test_a_problem_is_told_and_ends_the_wait(standby, where):
    with running_gateway(where, warmths=(warmth(problem="no local model is there", model=""),)):
        said = standby("warm")

    assert 1 == said.code
    assert "does not get warm: no local model is there\n\n`standby status`" in said.err


def test_an_older_gateway_is_told_from_one_that_is_cold(standby, where):
    with running_gateway(where):
        said = standby("warm")

    assert 1 == said.code
    assert "`standby restart` restarts it" in said.err


def test_without_a_gateway_the_code_is_three(standby):
    assert 3 == standby("warm").code


def test_status_shows_how_warm_each_conversation_is(standby, where):
    local = {**status()["local"], "warming": HALF}
    with running_gateway(where, says=status(local=local)):
        said = standby("status")

    assert "3f2a91c0  warming 50 % of 1200 tokens" in said.out
