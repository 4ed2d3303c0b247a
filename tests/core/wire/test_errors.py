"""Errors of ours in Anthropic's shape, and theirs to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire.errors import (
    Refusal,
    answer,
    body,
    final,
    is_error,
    kind_of,
    lasting,
    message_of,
)
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps, loads

TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.integers(400, 599), TEXTS, TEXTS)
def test_an_error_of_ours_is_one_of_the_apis_and_no_client_repeats_it(status, why, request_id):
    head, said = answer(status, why, request_id)

    value = loads(said)
    assert {"type": kind_of(status), "message": why} == value["error"]
    assert "error" == value["type"]
    assert request_id == value.get("request_id", "") == (head.header("request-id") or "")
    assert "false" == head.header("x-should-retry")
    assert why == message_of(said)


@given(TEXTS)
def test_what_asking_again_does_not_change_is_asked_for_once_and_shown_in_our_words(why):
    head, said = lasting(why)

    assert (400, "false") == (head.status, head.header("x-should-retry"))
    assert {"type": "policy_blocked", "message": why} == loads(said)["error"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (413, "request_too_large"),
        (500, "api_error"),
        (418, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_each_status_has_the_kind_that_clients_know(status, kind):
    assert kind == kind_of(status)


def test_a_kind_can_be_named():
    assert "overloaded_error" == loads(body(200, "x", kind="overloaded_error"))["error"]["type"]


def test_a_refusal_goes_as_it_came_but_for_the_advice_to_wait():
    lines = (("Retry-After", "18000"), ("X-Should-Retry", "true"), ("X-Odd", "ü"))

    head, said = final(Refusal(Head(429, lines), b"\xff"))

    assert (429, b"\xff") == (head.status, said)
    assert (("Retry-After", "18000"), ("X-Odd", "ü"), ("x-should-retry", "false")) == head.headers


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"type": "error", "error": {"type": "x", "message": "Anthropic's"}}, "Anthropic's"),
        ({"error": {"message": "OpenAI's", "code": 1}}, "OpenAI's"),
        ({"error": "plain"}, "plain"),
        ({"message": "bare"}, "bare"),
        ({"error": {"message": 7}}, ""),
        (["x"], ""),
        ("x", ""),
    ],
)
def test_the_words_are_found_in_every_shape(value, words):
    assert words == message_of(dumps(value))


@given(st.binary())
def test_a_body_that_cannot_be_read_has_no_words(data):
    assert isinstance(message_of(data), str)


def test_what_is_an_error():
    assert [False, False, True, True] == [is_error(status) for status in (200, 304, 400, 529)]
