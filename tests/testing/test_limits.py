"""Each form says what the real cloud is known to say."""

import json

import pytest

from standby.testing.accounts import Plan
from standby.testing.limits import FORMS, Breakdown, Moment, Refused, Served, served_headers

NOW = 1_790_000_000.5
RESET = 1_790_003_600.5
UNIFIED = "anthropic-ratelimit-unified-"
WINDOWS = ["five_hour", "seven_day", "seven_day_opus", "seven_day_sonnet"]


def moment(model="claude-opus-5-5", *, streamed=False, plan=Plan.SUBSCRIPTION, used=0.0):
    return Moment(NOW, RESET, model, streamed, plan, "req_1", used)


def refused(form, **more):
    outcome = FORMS[form](moment(**more))
    assert isinstance(outcome, Refused)
    return outcome, dict(outcome.headers)


def error(outcome):
    return json.loads(outcome.body)["error"]


@pytest.mark.parametrize("form", WINDOWS)
def test_a_spent_window_names_itself_and_its_end(form):
    model = "claude-sonnet-5-5" if "sonnet" in form else "claude-opus-5-5"
    outcome, headers = refused(form, model=model)

    assert 429 == outcome.status
    assert "rejected" == headers[UNIFIED + "status"]
    assert form == headers[UNIFIED + "representative-claim"]
    assert "1790003601" == headers[UNIFIED + "reset"]
    assert "3600" == headers["retry-after"]
    assert {"type": "rate_limit_error"}.items() <= error(outcome).items()
    assert "req_1" == json.loads(outcome.body)["request_id"]


def test_the_window_that_is_spent_is_the_one_that_is_full():
    _, five = refused("five_hour")
    _, seven = refused("seven_day")
    _, opus = refused("seven_day_opus")

    assert ("rejected", "allowed") == (five[UNIFIED + "5h-status"], five[UNIFIED + "7d-status"])
    assert ("allowed", "rejected") == (seven[UNIFIED + "5h-status"], seven[UNIFIED + "7d-status"])
    assert ("allowed", "allowed") == (opus[UNIFIED + "5h-status"], opus[UNIFIED + "7d-status"])
    assert five[UNIFIED + "5h-reset"] == five[UNIFIED + "reset"]
    assert seven[UNIFIED + "7d-reset"] == seven[UNIFIED + "reset"]


@pytest.mark.parametrize(
    ("form", "model"),
    [("seven_day_opus", "claude-sonnet-5-5"), ("seven_day_sonnet", "claude-opus-5-5")],
)
def test_the_window_of_one_line_leaves_the_others_alone(form, model):
    assert FORMS[form](moment(model)) is None


@pytest.mark.parametrize(
    ("form", "status", "kind", "code", "retry_after"),
    [
        ("burst", 429, "rate_limit_error", None, "2"),
        ("bare_429", 429, "rate_limit_error", None, None),
        ("long_429", 429, "rate_limit_error", None, "3600"),
        ("ramp", 429, "rate_limit_error", "ramp_limit_exceeded", "10"),
        ("tier_cap", 429, "rate_limit_error", "enforced_spend_limit_reached", None),
        ("contract_cap", 429, "rate_limit_error", "contract_spend_limit_reached", None),
        ("spend_limit", 400, "invalid_request_error", None, None),
        ("credit_400", 400, "invalid_request_error", None, None),
        ("billing_402", 402, "billing_error", "linked_organization_spend_limit_reached", None),
        ("overloaded_529", 529, "overloaded_error", None, None),
        ("overloaded_sse", 529, "overloaded_error", None, None),
        ("outage_500", 500, "api_error", None, None),
        ("outage_503", 503, "api_error", None, None),
    ],
)
def test_every_other_refusal_has_its_status_kind_and_code(form, status, kind, code, retry_after):
    outcome, headers = refused(form)

    assert status == outcome.status
    assert kind == error(outcome)["type"]
    assert code == error(outcome).get("details", {}).get("error_code")
    assert retry_after == headers.get("retry-after")
    assert not [name for name in headers if name.startswith(UNIFIED)]


@pytest.mark.parametrize("form", ["tier_cap", "spend_limit"])
def test_a_cap_says_in_words_when_it_ends(form):
    assert error(refused(form)[0])["message"].endswith("regain access on 2026-09-21 at 15:13 UTC.")


def test_an_api_key_that_is_too_fast_hears_that_nothing_remains():
    _, headers = refused("burst", plan=Plan.API)

    assert "0" == headers["anthropic-ratelimit-requests-remaining"]


def test_overload_can_come_inside_a_stream():
    outcome, headers = refused("overloaded_sse", streamed=True)

    assert 200 == outcome.status
    assert headers["content-type"].startswith("text/event-stream")
    assert outcome.body.startswith(b"event: error\ndata: {")
    assert outcome.body.endswith(b"}\n\n")


def test_a_bad_gateway_speaks_html():
    outcome, headers = refused("outage_502_html")

    assert (502, "text/html") == (outcome.status, headers["content-type"])
    assert outcome.body.startswith(b"<html>")


def test_overage_is_an_answer():
    outcome = FORMS["overage_running"](moment())
    assert isinstance(outcome, Served)
    headers = dict(outcome.headers)

    assert "rejected" == headers[UNIFIED + "status"] == headers[UNIFIED + "7d-status"]
    assert ("allowed", "true") == (
        headers[UNIFIED + "overage-status"],
        headers[UNIFIED + "overage-in-use"],
    )


@pytest.mark.parametrize(
    ("form", "how"),
    [("close", Breakdown.CLOSED), ("reset", Breakdown.RESET), ("hang", Breakdown.SILENT)],
)
def test_a_connection_may_just_break(form, how):
    assert how is FORMS[form](moment())


@pytest.mark.parametrize(
    ("used", "status"), [(0.0, "allowed"), (0.89, "allowed"), (0.9, "allowed_warning")]
)
def test_an_answer_warns_when_little_is_left(used, status):
    headers = dict(served_headers(moment(used=used)))

    assert status == headers[UNIFIED + "status"] == headers[UNIFIED + "5h-status"]
    assert f"{used:.2f}" == headers[UNIFIED + "5h-utilization"]
    assert "five_hour" == headers[UNIFIED + "representative-claim"]
    assert headers[UNIFIED + "5h-reset"] == headers[UNIFIED + "reset"]


def test_an_api_key_hears_of_four_families():
    headers = dict(served_headers(moment(plan=Plan.API, used=0.5)))

    assert 12 == len(headers)
    assert "25" == headers["anthropic-ratelimit-requests-remaining"]
    assert headers["anthropic-ratelimit-tokens-reset"].endswith("Z")
