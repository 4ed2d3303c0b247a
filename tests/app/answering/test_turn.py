"""A request under way knows what has been read of its body, and reads it once."""

import pytest

from standby.app.answering.turn import Turn
from standby.app.bookkeeping import Booking
from standby.app.waiting import Waiting
from standby.core.request import Account, Caller, Request
from standby.core.wire.asked import Malformed
from standby.core.wire.json import dumps
from tests.fakes.clock import LoadedDice, SetClock

BODY = dumps(
    {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello there."}]}
)


def turn(body=BODY, model="m", **headers):
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Turn(
        Request("POST", "/v1/messages", lines, body),
        Caller(Account("a"), trusted=True),
        model,
        stream=True,
        booking=Booking(0.0, 0.0, model),
        waiting=Waiting(SetClock(), LoadedDice()),
    )


def test_the_body_is_not_read_before_somebody_wants_it_and_then_once():
    one = turn()

    assert one.asking.body is None
    assert one.whole is one.body
    assert one.asking.body is one.body


def test_what_a_body_says_is_worked_out_once_however_often_it_is_asked_about():
    one = turn()
    assert 0 == one.asking.features.tokens
    assert one.whole is one.body

    assert one.asking.features is one.asking.features
    assert one.asking.features.tokens > 0


def test_a_malformed_body_is_none_and_the_reason_is_kept():
    one = turn(b"{")

    assert isinstance(one.whole, Malformed)
    assert one.asking.body is None
    with pytest.raises(ValueError, match=r"\S"):
        one.body  # noqa: B018 - reading it is the test


def test_a_subagent_has_a_conversation_of_its_own():
    person = turn(x_claude_code_session_id="s")
    agent = turn(x_claude_code_session_id="s", x_claude_code_agent_id="g")

    assert ("s", False) == (person.session, person.is_agents)
    assert ("s/g", True) == (agent.session, agent.is_agents)


def test_who_names_a_local_model_chose_it():
    assert not turn().by_hand
    assert turn(model="local").by_hand
