"""Speeds are learned from answers, for each model by itself."""

import pytest

from standby.app.local.speeds import Speeds
from standby.core.models.speed import Timings
from tests.fakes.talker import MODEL


def test_the_next_prompt_takes_as_long_as_the_last_and_less_when_part_of_it_is_there():
    speeds = Speeds()
    assert speeds.expected(MODEL, 1_000) is None

    speeds.learn(MODEL, Timings(0, 1_000, 10.0), "a")

    assert pytest.approx(10.0) == speeds.expected(MODEL, 1_000)
    assert pytest.approx(1.0) == speeds.expected(MODEL, 1_000, 900)
    assert pytest.approx(0.0) == speeds.expected(MODEL, 1_000, 5_000)


def test_a_conversation_that_was_answered_is_in_the_servers_memory():
    speeds = Speeds()
    speeds.learn(MODEL, Timings(200, 800, 8.0), "a")
    speeds.learn(MODEL, Timings(0, 70, 8.0))

    assert [1_000, 0] == [speeds.cached(MODEL, session) for session in ("a", "")]


def test_an_answer_begins_sooner_where_the_server_has_the_conversation_in_memory():
    speeds = Speeds()
    assert speeds.until_it_begins(MODEL, 1_000, "a") is None

    speeds.learn(MODEL, Timings(0, 1_000, 10.0), "a")

    assert pytest.approx(10.0) == speeds.until_it_begins(MODEL, 1_000, "")
    assert pytest.approx(10.0) == speeds.until_it_begins(MODEL, 1_000, "b")
    assert pytest.approx(0.5) == speeds.until_it_begins(MODEL, 1_050, "a")
