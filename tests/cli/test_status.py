import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.cli import gateway
from standby.cli.status import rows
from tests.fakes.gateway import MODEL, running_gateway, status

LOCALLY = {
    "answering": "local",
    "model": MODEL["key"],
    "why": "the 5-hour limit is reached",
    "until": 1_795_296_919.0,
    "until_told": "21:23",
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 2) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def told(**changes):
    return dict(reversed([row[:2] for row in rows(gateway.read_status(status(**changes)))]))


def test_none_running_is_three_and_says_how_to_start_one(standby):
    said = standby("status")

    assert (3, "") == (said.code, said.out)
    assert "no gateway is running\n\nStart one with `standby up`" in said.err


def test_while_the_quota_lasts_the_cloud_answers_and_the_stand_in_is_named(standby, where):
    with running_gateway(where):
        said = standby("status")

    assert (0, "") == (said.code, said.err)
    lines = said.out.splitlines()
    assert lines[0].split(maxsplit=1) == ["now", "the cloud answers (https://api.anthropic.com)"]
    assert "ollama/qwen3-coder:30b would take over, window 131072 tokens" in said.out
    assert "█" in said.out
    assert "62%" in said.out
    assert "claude-opus-5-5: the cloud, ok, first word after 1.2 s, 8.4 s in all" in said.out


def test_at_the_limit_it_says_who_answers_why_and_until_when():
    said = told(**LOCALLY)

    assert "ollama/qwen3-coder:30b answers, on this machine" == said["now"]
    assert ["the 5-hour limit is reached", "21:23"] == [said["why"], said["until"]]
    assert "is in charge" in said["local"]


def test_how_long_a_first_prompt_takes_is_said_where_it_was_measured():
    local = {**status()["local"], "cold_prompt_s": 130.0}
    said = [words for _, words, _ in rows(gateway.read_status(status(local=local)))]

    assert "a first prompt like Claude Code's takes it about 2 min, cold (measured)" in said
    assert not any("first prompt" in words for _, words, _ in rows(gateway.read_status(status())))


def test_nobody_to_take_over_is_said_before_it_is_needed():
    local = {"would_take_over": None, "models": [], "fetching": None, "problem": "no local model"}

    assert "no local model" == told(local=local)["next"]


@pytest.mark.parametrize(
    ("change", "words"),
    [({"rehearsal": True}, "not for work"), ({"context_tokens": 8192}, "small for Claude Code")],
)
def test_a_stand_in_that_is_of_little_use_is_called_so(change, words):
    local = {"would_take_over": MODEL | change, "models": []}

    assert words in told(local=local)["next"]


@given(st.dictionaries(st.sampled_from(sorted(status())), json_values))
def test_whatever_the_gateway_says_there_are_words_for_it(changes):
    assert all(len(row) == 3 for row in rows(gateway.read_status(status(**changes))))


def test_json_is_what_the_gateway_said(standby, where):
    with running_gateway(where):
        said = standby("status", "--json")

    assert status() == json.loads(said.out)


def test_the_token_goes_only_to_one_that_has_proved_to_know_it(standby, where):
    with running_gateway(where, knows_token=False) as other:
        said = standby("status")

    assert said.code == 1
    assert "does not know the token" in said.err
    assert ["/standby/health"] == [path.partition("?")[0] for path, _ in other.requests]
    assert other.token.reveal() not in str(other.requests)


def test_no_redirect_is_followed(standby, where):
    with (
        running_gateway(where) as target,
        running_gateway(where, redirects_to=target.url) as other,
    ):
        said = standby("status")

    assert said.code == 1
    assert other.requests
    assert [] == target.requests


def test_one_that_is_silent_is_not_waited_for_for_long(standby, where):
    with running_gateway(where, silent=True):
        said = standby("status")

    assert said.code == 1
    assert "does not answer: no answer within 2 s" in said.err


def test_the_bars_of_all_windows_begin_in_one_column():
    names = ("5h", "input-tokens", "7d")
    windows = [{"name": name, "utilisation": 0.5, "resets_at": None} for name in names]
    cloud = {"url": "", "accounts": [{"account": "3f2a91c0", "quotas": [], "windows": windows}]}
    bars = [
        words.index("█")
        for _, words, _ in rows(gateway.read_status(status(cloud=cloud)))
        if "█" in words
    ]

    assert 3 == len(bars)
    assert 1 == len(set(bars))


def test_what_is_going_on_at_an_engine_is_said_while_something_is():
    idle = {"engine": "ollama", "slots": 1, "busy": 0, "waiting": 0}
    local = {"would_take_over": MODEL, "models": [MODEL], "fetching": None, "problem": None}

    assert "at work" not in told(local={**local, "queues": [idle]})
    alone = {**idle, "busy": 1}
    assert "ollama: 1 of 1 slots busy" == told(local={**local, "queues": [alone]})["at work"]
    crowd = {**alone, "waiting": 3}
    expected = "ollama: 1 of 1 slots busy, 3 waiting"
    assert expected == told(local={**local, "queues": [idle, crowd]})["at work"]


def test_what_waits_for_a_restart_and_a_tier_without_its_model_are_said():
    tiers = [
        {"tier": "opus", "model": "coder:30b", "there": True},
        {"tier": "haiku", "model": "tiny:1b", "there": False},
    ]
    policy = {"mode": "auto", "settings_waiting": ["gateway.port", "cloud.url"], "tiers": tiers}
    said = told(policy=policy)

    assert "restart to apply: gateway.port, cloud.url" == said["settings"]
    assert "haiku: there is no local model 'tiny:1b'" == said["tiers"]
    assert "settings" not in told()
