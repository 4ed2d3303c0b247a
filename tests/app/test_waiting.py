"""What one request waits for: noted by who asks the engine, told by who keeps the client alive."""

from dataclasses import replace

import pytest

from standby.app.waiting import Waiting
from standby.core.models.speed import Progress
from standby.core.wire.messages import Began, read
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.talker import MODEL


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def waiting(clock):
    return Waiting(clock, LoadedDice())


def said(waiting):
    sign = waiting.sign()
    return None if sign is None else sign.words.rstrip("\n")


def test_where_nobody_waits_nothing_is_said(waiting, clock):
    assert not waiting.active
    clock.passes(100)
    assert waiting.sign() is None


def test_the_whole_way_of_a_wait_is_told(waiting, clock):
    waiting.begins(replace(MODEL, loaded=False), shows=True)
    assert waiting.sign() is None
    clock.passes(15)
    assert "coder on desk is being loaded: 15 s so far." == said(waiting)

    waiting.measured(4_000)
    waiting.queued(2, 3, 61.0)
    clock.passes(15)
    assert "Waiting for coder on desk: second of 3 in line, about 1 min left." == said(waiting)

    waiting.seated(120.0)
    clock.passes(15)
    expected = "coder on desk reads the prompt of about 4,000 tokens, about 2 min left."
    assert expected == said(waiting)

    waiting.reads(None)
    waiting.reads(Progress(1_000, 4_000, 0, 10.0))
    clock.passes(15)
    assert "coder on desk reads the prompt: 25 % of 4,000 tokens, about 15 s left." == said(waiting)

    waiting.over()
    clock.passes(100)
    assert waiting.sign() is None


def test_a_wait_is_over_time_when_it_takes_longer_than_it_should(waiting, clock):
    waiting.begins(MODEL, shows=True)
    waiting.measured(4_000)
    waiting.seated(30.0)
    clock.passes(60)

    expected = "coder on desk reads the prompt of about 4,000 tokens, 1 min so far."
    assert expected == said(waiting)


def test_a_client_that_cannot_be_shown_is_told_nothing(waiting, clock):
    waiting.begins(MODEL, shows=False)
    clock.passes(100)

    assert waiting.active
    assert waiting.sign() is None


def test_what_begins_the_message_is_the_models(waiting, clock):
    waiting.begins(MODEL, shows=True)
    waiting.measured(77)
    clock.passes(20)

    began = read(waiting.sign().begin)

    assert isinstance(began, Began)
    assert "local/coder" == began.model
    assert 77 == began.usage["input_tokens"]


def test_a_request_that_is_sent_away_has_not_been_taken(waiting):
    waiting.begins(MODEL, shows=True)
    waiting.seated(None)
    assert not waiting.accepted
    waiting.reads(None)
    assert waiting.accepted

    waiting.queued(1, 1, None)

    assert not waiting.accepted
