"""The order of classification, row by row, by all the readers there are."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.quota.classify import classify
from standby.core.quota.reply import UNIFIED, Reply
from standby.core.quota.signals import (
    ALL_MODELS,
    CREDIT,
    LONG_WAIT,
    LONGEST_S,
    OWN_LIMIT,
    PAYMENT,
    TIER_CAP,
    Aside,
    Billing,
    Down,
    Exhausted,
    Overage,
    Overloaded,
    Served,
    Throttled,
)
from standby.core.wire.json import dumps
from tests.fakes.replies import HOUR, NOW, OPUS, at, reply, unified
from tests.fakes.rooms import READERS

RATE = {"kind": "rate_limit_error", "message": "This request would exceed your account's limit."}
DECEMBER = dt.datetime(2026, 12, 1, tzinfo=dt.UTC).timestamp()


def read(what):
    return classify(what, NOW, READERS)


def test_no_two_readers_have_the_same_rank():
    assert len(READERS) == len({reader.rank for reader in READERS})


# 1, 2, 3: served


def test_row_1_a_served_answer_with_a_rejected_status_is_paid_for():
    said = {"status": "rejected", "7d-status": "rejected", "reset": at(HOUR)}

    match read(unified(200, said)):
        case Overage(until, scope):
            assert (NOW + HOUR, ALL_MODELS) == (until, scope)
        case other:
            pytest.fail(f"{other}")


def test_row_1_overage_in_use_counts_although_the_status_is_allowed():
    said = {"status": "allowed", "overage-in-use": "true", "5h-reset": at(HOUR)}

    assert isinstance(read(unified(200, said)), Overage)


def test_row_1_a_window_that_is_rejected_gives_its_own_reset():
    said = {
        "5h-status": "allowed",
        "7d-status": "rejected",
        "5h-reset": at(60),
        "7d-reset": at(HOUR),
    }

    assert NOW + HOUR == read(unified(200, said)).until


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"status": "allowed", "5h-status": "allowed", "5h-utilization": "0.05"},
        {"status": "allowed_warning", "5h-surpassed-threshold": "0.9"},
        # Extra usage is off: no more is said.
        {"5h-status": "allowed", "overage-status": "rejected", "representative-claim": "five_hour"},
    ],
)
def test_rows_2_and_3_a_served_answer_is_served(said):
    assert Served() == read(unified(200, said))


def test_retry_after_on_a_served_answer_means_nothing():
    assert Served() == read(reply(200, {"retry-after": "7200"}))


# 4: the windows of a subscription


@pytest.mark.parametrize(
    ("claim", "scope"),
    [
        ("five_hour", "*"),
        ("seven_day", "*"),
        ("overage", "*"),
        ("seven_day_opus", "opus"),
        ("seven_day_sonnet", "sonnet"),
        ("seven_day_overage_included", OPUS),
        ("something_new", "*"),
    ],
)
def test_row_4_the_claim_decides_what_a_spent_window_covers(claim, scope):
    signal = read(unified(429, {"representative-claim": claim, "reset": at(HOUR)}, **RATE))

    assert isinstance(signal, Exhausted)
    assert (scope, claim, NOW + HOUR) == (signal.scope, signal.claim, signal.until)


def test_row_4_an_overage_status_is_enough():
    assert isinstance(read(unified(429, {"overage-status": "rejected", "reset": at(9)})), Exhausted)


@pytest.mark.parametrize("name", ["status", "5h-status", "7d_oi-status", "30d-status"])
def test_row_4_any_rejected_status_is_enough(name):
    assert isinstance(read(unified(429, {name: "rejected"}, **RATE)), Exhausted)


def test_row_4_headers_may_be_written_in_any_case():
    headers = {f"{UNIFIED}Representative-Claim".title(): "five_hour"}

    assert isinstance(read(reply(429, headers)), Exhausted)


def test_row_4_the_reset_falls_back_on_the_rejected_window_and_then_on_retry_after():
    july = {
        f"{UNIFIED}5h-status": "rejected",
        f"{UNIFIED}5h-utilization": "1.08",
        f"{UNIFIED}fallback-percentage": "0.5",
        f"{UNIFIED}overage-disabled-reason": "org_level_disabled",
        "retry-after": "13262",
    }
    by_window = read(reply(429, {**july, f"{UNIFIED}5h-reset": at(HOUR)}, **RATE))
    by_wait = read(reply(429, july, **RATE))

    assert NOW + HOUR == by_window.until
    assert NOW + 13262 == by_wait.until
    assert by_wait.probabilistic


def test_row_4_of_two_rejected_windows_the_later_binds():
    said = {"5h-status": "rejected", "5h-reset": at(9), "7d-status": "rejected", "7d-reset": at(99)}
    signal = read(unified(429, said))

    assert (NOW + 99, "seven_day") == (signal.until, signal.claim)


def test_row_4_the_bound_model_window_leaves_the_siblings_alone():
    said = {"5h-status": "allowed", "7d_oi-status": "rejected", "7d_oi-reset": at(HOUR)}
    signal = read(unified(429, said, model="claude-fable-5-2"))

    assert ("claude-fable-5-2", NOW + HOUR) == (signal.scope, signal.until)


def test_row_4_comes_before_the_codes_and_waits_below_it():
    claim = {"representative-claim": "five_hour"}

    assert (
        "five_hour" == read(unified(429, claim, code="enforced_spend_limit_reached", **RATE)).claim
    )
    assert "five_hour" == read(unified(429, claim, code="ramp_limit_exceeded", **RATE)).claim


@pytest.mark.parametrize("reset", ["soon", "", "-5", at(-HOUR), "nan", "inf", "9" * 5000])
def test_row_4_a_reset_that_is_past_or_unreadable_is_ignored(reset):
    said = {"representative-claim": "five_hour", "reset": reset, "5h-reset": at(HOUR)}

    assert NOW + HOUR == read(unified(429, said)).until


def test_row_4_no_wait_is_longer_than_the_longest_window():
    said = {"representative-claim": "seven_day", "reset": at(400 * 86_400)}

    assert NOW + LONGEST_S == read(unified(429, said)).until


def test_row_4_without_any_time_the_end_is_not_known():
    assert read(unified(429, {"representative-claim": "five_hour"})).until is None


# 5, 6, 7: spending and credit


def test_row_5_the_tier_cap_ends_when_its_words_say():
    words = (
        "You have reached your API usage limits. You will regain access on 2026-11-25 at 06:30 UTC."
    )
    signal = read(
        reply(429, kind="rate_limit_error", message=words, code="enforced_spend_limit_reached")
    )
    end = dt.datetime(2026, 11, 25, 6, 30, tzinfo=dt.UTC).timestamp()

    assert (end, TIER_CAP, ALL_MODELS) == (signal.until, signal.claim, signal.scope)


@pytest.mark.parametrize(
    "words", ["", "on 2026-13-45 at 99:99 UTC", "on 2020-01-01 at 00:00 UTC", "on some day"]
)
def test_row_5_else_it_ends_with_the_month(words):
    code = "enforced_spend_limit_reached"

    assert DECEMBER == read(reply(403, kind="permission_error", message=words, code=code)).until


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (429, "rate_limit_error", "contract_spend_limit_reached"),
        (402, "billing_error", "linked_organization_spend_limit_reached"),
        (402, "billing_error", "linked_organization_billing_unavailable"),
        (402, "billing_error", "a_new_code"),
        (402, "billing_error", ""),
    ],
)
def test_row_6_a_payment_that_is_missing_has_no_time(status, kind, code):
    signal = read(reply(status, {"retry-after": "5"}, kind=kind, message="…", code=code))

    assert isinstance(signal, Billing)
    assert PAYMENT == signal.claim


def test_row_7_empty_credit_has_no_time():
    words = "YOUR CREDIT BALANCE IS TOO LOW to access the API."
    signal = read(reply(400, kind="invalid_request_error", message=words))

    assert isinstance(signal, Billing)
    assert CREDIT == signal.claim


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("You have reached your specified API usage limits.", DECEMBER),
        ("You have reached your specified workspace API usage limits.", DECEMBER),
        (
            "You have reached your specified API usage limits. "
            "You will regain access on 2026-11-18 at 12:06 UTC.",
            dt.datetime(2026, 11, 18, 12, 6, tzinfo=dt.UTC).timestamp(),
        ),
    ],
)
def test_row_7_the_customers_own_limit_ends_when_its_words_say_or_with_the_month(words, until):
    signal = read(reply(400, kind="invalid_request_error", message=words))

    assert (OWN_LIMIT, until) == (signal.claim, signal.until)


# 8, 9, 10: throttles


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After": "60"}, 60),
        ({"retry-after-ms": "1500", "retry-after": "7200"}, 1.5),
        ({"retry-after": "Wed, 18 Nov 2026 11:07:00 GMT"}, 20),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-18T11:07:00Z",
            },
            20,
        ),
    ],
)
def test_row_8_a_small_wait_is_a_throttle_of_this_model(headers, wait):
    signal = read(reply(429, headers, **RATE))

    assert isinstance(signal, Throttled)
    assert (NOW + wait, OPUS) == (signal.until, signal.scope)


def test_row_8_traffic_that_grew_too_fast_is_a_throttle_whatever_the_wait():
    signal = read(reply(429, {"retry-after": "90"}, code="ramp_limit_exceeded", **RATE))

    assert isinstance(signal, Throttled)
    assert NOW + 90 == signal.until


@pytest.mark.parametrize(
    ("wait", "until"),
    [
        ("61", NOW + 61),
        ("18000", NOW + 18000),
        ("Wed, 18 Nov 2026 12:06:40 GMT", NOW + HOUR),
        ("99999999999", NOW + LONGEST_S),
    ],
)
def test_row_9_a_long_wait_is_a_limit_of_this_model_that_nobody_named(wait, until):
    signal = read(reply(429, {"retry-after": wait}, **RATE))

    assert isinstance(signal, Exhausted)
    assert (LONG_WAIT, OPUS, until) == (signal.claim, signal.scope, signal.until)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "soon"},
        {"retry-after": "-1"},
        {"retry-after": "Wed, 18 Nov 2020 11:07:00 GMT"},
        {"retry-after": "Wed, 99 Foo 2026 11:07:00 GMT"},
        {"anthropic-ratelimit-requests-remaining": "7"},
    ],
)
def test_row_10_a_refusal_that_names_no_time_is_a_throttle_without_one(headers):
    signal = read(reply(429, headers, **RATE))

    assert isinstance(signal, Throttled)
    assert (None, OPUS) == (signal.until, signal.scope)


# 11, 12: overload and outage


@pytest.mark.parametrize("status", [529, 200, 503])
def test_row_11_overload_is_overload_also_inside_a_200(status):
    signal = read(
        reply(status, {"retry-after": "120"}, kind="overloaded_error", message="Overloaded")
    )

    assert isinstance(signal, Overloaded)
    assert OPUS == signal.scope


def test_row_11_a_529_needs_no_body():
    assert isinstance(read(reply(529)), Overloaded)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
def test_row_12_a_server_error_is_an_outage(status):
    assert isinstance(read(reply(status, {"retry-after": "5"})), Down)


def test_row_12_an_error_that_begins_a_stream_is_an_outage():
    assert isinstance(read(reply(200, kind="api_error", message="Internal server error")), Down)


def test_row_12_a_connection_that_broke_is_an_outage():
    signal = read(Reply(0, model=OPUS, broke="connection refused"))

    assert Down(ALL_MODELS, "connection refused") == signal


# 13, 14: no business of the quota


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 413, 422, 600, 999])
def test_rows_13_and_14_the_clients_own_mistakes_say_nothing_about_quota(status):
    said = reply(status, {"retry-after": "7"}, kind="some_error", message="prompt is too long")

    assert read(said) is None


def test_a_mistake_that_is_told_inside_a_200_says_nothing_about_quota():
    assert read(reply(200, kind="invalid_request_error", message="prompt is too long")) is None


def test_a_blocked_organisation_is_a_persons_business():
    said = reply(400, kind="invalid_request_error", message="…", code="organization_on_hold")

    assert read(said) is None


# For one request only


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "Extra usage is required for long context requests."),
        (429, "Long context beta requires EXTRA USAGE."),
        (400, "Fast mode requires extra usage."),
        (402, "Your credit does not cover fast mode."),
    ],
)
def test_extra_usage_for_one_request_is_no_end_of_the_quota(status, words):
    said = {"representative-claim": "five_hour", "status": "rejected", "reset": at(HOUR)}

    assert isinstance(read(unified(status, said, kind="rate_limit_error", message=words)), Aside)


def test_a_fast_mode_that_does_not_exist_is_the_clients_mistake():
    words = "speed: fast mode is not supported by this model"

    assert read(reply(400, kind="invalid_request_error", message=words)) is None


# A refusal inside a 200, whose head told of a request that was let in


def test_a_throttle_inside_a_200_is_not_taken_for_the_window_that_its_head_names():
    said = {
        "status": "allowed",
        "representative-claim": "five_hour",
        "overage-status": "rejected",
        "5h-reset": at(HOUR),
    }
    signal = read(unified(200, said, **RATE))

    assert isinstance(signal, Throttled)
    assert signal.until is None


def test_retry_after_in_the_head_of_a_200_names_no_wait_for_the_error_inside():
    assert read(reply(200, {"retry-after": "7200"}, **RATE)).until is None


def test_a_rejected_window_inside_a_200_counts():
    said = {"5h-status": "rejected", "5h-reset": at(HOUR)}

    assert isinstance(read(unified(200, said, **RATE)), Exhausted)


# Anything at all

NAMES = st.one_of(
    st.sampled_from(
        [
            "retry-after",
            "retry-after-ms",
            *(f"anthropic-ratelimit-tokens-{part}" for part in ("limit", "remaining", "reset")),
            *(
                f"{UNIFIED}{part}"
                for part in (
                    *("status", "reset", "representative-claim", "fallback-percentage"),
                    *("5h-status", "5h-reset", "7d-status", "7d-reset", "overage-status"),
                    *("7d_oi-status", "7d_opus-status", "7d_opus-reset", "overage-in-use"),
                )
            ),
        ]
    ),
    st.text(max_size=20),
)
VALUES = st.one_of(
    st.sampled_from(["rejected", "allowed", "five_hour", "seven_day_opus", "0", "1e400", "٣"]),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.text(max_size=40),
)
BODIES = st.one_of(
    st.binary(max_size=80),
    st.recursive(
        st.none() | st.text(max_size=8) | st.integers(-9, 9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "type", "message", "details", "error_code"]), inner
            )
        ),
    ).map(dumps),
)


@given(
    st.integers(0, 999),
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    BODIES,
    st.text(max_size=9),
    st.none() | st.just("lost"),
)
def test_nothing_that_a_peer_sends_is_too_much(status, headers, body, model, broke):
    for reader in READERS:
        reader.read(Reply(status, tuple(headers), body, model, broke), NOW)
    signal = classify(Reply(status, tuple(headers), body, model, broke), NOW, READERS)

    match signal:
        case Exhausted(until, _, claim) if until is not None:
            longest = 32 * 86_400 if claim in (TIER_CAP, OWN_LIMIT) else LONGEST_S
            assert NOW < until <= NOW + longest
        case Throttled(until) if until is not None:
            assert NOW <= until <= NOW + LONGEST_S
        case _:
            pass


@given(st.integers(0, 999), st.lists(st.tuples(NAMES, VALUES), max_size=8), BODIES, st.randoms())
def test_the_order_in_which_readers_are_found_does_not_matter(status, headers, body, dice):
    shuffled = list(READERS)
    dice.shuffle(shuffled)
    said = Reply(status, tuple(headers), body, OPUS)

    assert classify(said, NOW, READERS) == classify(said, NOW, shuffled)
