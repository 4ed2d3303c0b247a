from standby.core.context.measure import estimate_tokens
from standby.core.wire.json import dumps


def test_three_bytes_are_a_token_rounded_up():
    assert [0, 1, 1, 2] == [estimate_tokens(b"x" * size) for size in (0, 1, 3, 4)]


def test_a_body_counts_as_the_bytes_it_is_sent_as():
    body = {"messages": [{"role": "user", "content": "äöü"}]}

    assert estimate_tokens(dumps(body)) == estimate_tokens(body)
