"""What a request body asks for, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire.asked import Asked, Malformed, Purpose, read
from standby.core.wire.json import dumps
from tests.fakes.json_text import VALUES
from tests.fakes.recordings import recorded

GOOD = {"model": "m", "messages": [{"role": "user", "content": "Hi there"}]}


def asked(**more):
    body = read(dumps({**GOOD, **more}))
    assert isinstance(body, Asked)
    return body


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"{}", "model"),
        (b'{"model": "", "messages": []}', "model"),
        (b'{"model": 7, "messages": []}', "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": {}}', "messages"),
    ],
    ids=range(11),
)
def test_what_nobody_can_answer_is_said_in_words_that_name_it(body, named):
    match read(body):
        case Malformed(why):
            assert named in why
        case other:
            pytest.fail(f"{other}")


@given(st.binary())
def test_no_bytes_are_an_error_of_ours(data):
    assert isinstance(read(data), Asked | Malformed)


FIELDS = ["stream", "max_tokens", "thinking", "system", "tools", "messages", "output_config"]


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_a_field_of_the_wrong_type_is_as_good_as_absent(fields):
    match read(dumps({**GOOD, **fields})):
        case Asked() as body:
            assert body.stream is (fields.get("stream") is True)
            assert body.max_tokens is None or isinstance(body.max_tokens, int)
            assert dict(body.value) == {**GOOD, **fields}
        case Malformed(why):
            assert "messages" in why


def test_what_is_there_is_read():
    body = asked(stream=True, max_tokens=9, thinking={"type": "adaptive"})

    assert ("m", True, 9, True) == (body.model, body.stream, body.max_tokens, body.thinks)


@pytest.mark.parametrize(
    ("thinking", "thinks"),
    [({"type": "enabled"}, True), ({"type": "disabled"}, False), ({}, False), (None, False)],
)
def test_thinking_is_asked_for_or_not(thinking, thinks):
    assert thinks == asked(thinking=thinking).thinks


ONE = {"max_tokens": 1}


def user(content):
    return [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("fields", "purpose"),
    [
        ({**ONE, "messages": user("quota")}, Purpose.QUOTA_PROBE),
        ({**ONE, "messages": user([{"type": "text", "text": "quota"}])}, Purpose.QUOTA_PROBE),
        ({**ONE, "messages": user("quota"), "system": "x"}, Purpose.WORK),
        ({**ONE, "messages": user("quota"), "tools": [{"name": "x"}]}, Purpose.WORK),
        ({**ONE, "messages": user("Hi")}, Purpose.MODEL_PROBE),
        ({**ONE, "messages": user("Hi"), "system": "x"}, Purpose.MODEL_PROBE),
        ({**ONE, "messages": user("Hi") * 2}, Purpose.WORK),
        ({"max_tokens": 2, "messages": user("Hi")}, Purpose.WORK),
        ({**ONE, "messages": user("Hi there")}, Purpose.WORK),
        ({**ONE, "messages": [{"role": "assistant", "content": "Hi"}]}, Purpose.WORK),
        ({**ONE, "messages": ["Hi"]}, Purpose.WORK),
        ({**ONE, "messages": []}, Purpose.WORK),
    ],
    ids=range(12),
)
def test_what_a_request_is_for(fields, purpose):
    assert purpose is asked(**fields).purpose


def test_recorded_requests_are_read():
    for exchange in recorded("claude_code_requests_shape"):
        value = exchange["body"]
        if exchange["path"] != "/v1/messages" or not isinstance(value, dict):
            continue
        body = read(dumps(value))

        assert isinstance(body, Asked)
        assert value["model"] == body.model
        assert value.get("stream", False) == body.stream
