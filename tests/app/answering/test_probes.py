import pytest
from anthropic.types import Message

from standby.app.answering.probes import probe_answer
from standby.core.wire.headers import SERVED_BY
from standby.core.wire.json import loads
from tests.fakes.clock import LoadedDice


@pytest.mark.parametrize("model", ["claude-opus-5-5", "local", 'odd "name"'])
def test_a_probe_is_answered_with_the_shortest_message_of_the_model_that_was_named(model):
    head, body = probe_answer(model, LoadedDice())

    message = Message.model_validate(loads(body))
    assert (200, "gateway") == (head.status, head.header(SERVED_BY))
    assert (model, "max_tokens", "Hi") == (
        message.model,
        message.stop_reason,
        message.content[0].text,
    )
    assert message.id.startswith("msg_sb")
    assert head.header("request-id")
