"""What the service does with a request, without a socket."""

import json

import pytest

from standby.testing.accounts import API_KEY, EVERYBODY, SUBSCRIPTION
from standby.testing.limits import Breakdown
from standby.testing.log import Received
from standby.testing.model import Model
from standby.testing.scripts import agent
from standby.testing.service import Service

HEADERS = (("x-api-key", API_KEY.credential), ("anthropic-version", "2026-10-21"))
ASK = {
    "model": "claude-opus-5-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hello"}],
}


def service():
    return Service(Model(agent, b"key"), EVERYBODY, lambda: 1000.0)


def reply(cloud, target="/v1/messages", body=ASK, method="POST", headers=HEADERS):
    return cloud.reply(Received(0, method, target, headers, json.dumps(body).encode()))


def header(answer, name):
    return dict(answer.headers).get(name)


def test_every_reply_has_an_id_of_its_own():
    cloud = service()
    ids = {header(reply(cloud, target=path), "request-id") for path in ("/v1/messages", "/x", "/y")}

    assert 3 == len(ids)


@pytest.mark.parametrize(
    "path", ["/x", "/v1/messages/batches", "/v1/models/local", "/v1/models/a/b"]
)
def test_what_is_not_there_is_not_found(path):
    answer = reply(service(), path, method="GET")

    assert 404 == answer.status
    assert "not_found_error" == json.loads(answer.data[0])["error"]["type"]
    assert header(answer, "request-id") == json.loads(answer.data[0])["request_id"]


def test_a_prefill_is_refused_as_newer_models_do():
    said = {"role": "assistant", "content": "well"}
    answer = reply(service(), body={**ASK, "messages": [*ASK["messages"], said]})

    assert (400, False) == (answer.status, answer.refused)
    assert answer.why.startswith("This model does not support assistant message prefill")


def test_a_limit_is_not_reached_by_what_is_refused_anyway():
    cloud = service()
    cloud.standing(API_KEY.name).exhaust("five_hour", 2000)

    assert 400 == reply(cloud, body={**ASK, "max_tokens": 0}).status
    assert 429 == reply(cloud).status
    assert 200 == reply(cloud, "/v1/messages/count_tokens").status


def test_a_breakdown_says_nothing():
    cloud = service()
    cloud.standing(API_KEY.name).exhaust("hang", 2000)
    answer = reply(cloud)

    assert (Breakdown.SILENT, True, 0) == (answer.breakdown, answer.refused, answer.status)


def test_a_fault_waits_for_a_streamed_answer_to_work():
    cloud = service()
    cloud.faults.append("truncated")
    probe = {**ASK, "max_tokens": 1, "messages": [{"role": "user", "content": "quota"}]}
    answers = [reply(cloud), reply(cloud, body={**probe, "stream": True})]
    broken = reply(cloud, body={**ASK, "stream": True})

    assert ["", "", "truncated"] == [one.why for one in (*answers, broken)]
    assert not cloud.faults


def test_the_usage_page_is_for_subscriptions():
    cloud = service()
    login = (
        ("authorization", f"Bearer {SUBSCRIPTION.credential}"),
        ("anthropic-beta", "oauth-2025-04-20"),
    )
    cloud.standing(SUBSCRIPTION.name).exhaust("five_hour", 2000)
    answer = reply(cloud, "/api/oauth/usage", method="GET", headers=login)

    assert "1970-01-01T00:33:20+00:00" == json.loads(answer.data[0])["five_hour"]["resets_at"]
    assert 404 == reply(cloud, "/api/oauth/usage", method="GET").status
