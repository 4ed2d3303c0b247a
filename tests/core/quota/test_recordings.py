"""Real answers of the cloud, as they were recorded: none is taken for a limit."""

import pytest

from standby.core.quota.classify import classify
from standby.core.quota.reply import Reply
from standby.core.quota.signals import Served
from standby.core.quota.windows import read_windows, warnings
from standby.core.wire.json import dumps
from tests.fakes.recordings import recorded
from tests.fakes.replies import NOW
from tests.fakes.rooms import READERS

KINDS = ["anthropic_messages_json", "anthropic_messages_sse", "count_tokens"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_served_is_served_and_a_mistake_says_nothing(kind):
    said = {}
    for exchange in recorded(kind):
        body = dumps(exchange["response"]) if exchange["status"] >= 400 else b""
        headers = tuple(exchange["resp_headers"].items())
        said[exchange["id"]] = (
            exchange["status"] < 300,
            classify(Reply(exchange["status"], headers, body), NOW, READERS),
        )

    assert said
    assert {} == {
        key: signal for key, (ok, signal) in said.items() if signal != (Served() if ok else None)
    }


def test_the_buckets_of_an_api_key_are_understood():
    exchanges = list(recorded("anthropic_messages_json"))
    shown = [read_windows(tuple(one["resp_headers"].items()), NOW) for one in exchanges]

    assert any({"requests", "input-tokens", "output-tokens"} <= {w.name for w in s} for s in shown)
    for windows in shown:
        assert all(0 <= window.utilisation <= 1 for window in windows)
        assert all(isinstance(warnings(window, NOW), tuple) for window in windows)
