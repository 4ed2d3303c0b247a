"""What a client is told of a wait: little, in time, and nothing of a short one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.speed import Progress
from standby.core.waiting import LONG_S, SHORT_S, Told, Wait, due, words

WHO = "coder on desk"


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait(WHO, 0.0, place=1, of=1), f"Waiting for {WHO}: first of 1 in line."),
        (
            Wait(WHO, 0.0, place=4, of=9, left_s=250.0),
            f"Waiting for {WHO}: number 4 of 9 in line, about 4 min left.",
        ),
        (Wait(WHO, 0.0, loading=True), f"{WHO} is being loaded: 30 s so far."),
        (
            Wait(WHO, 0.0, 900, progress=Progress(4_000, 16_000), left_s=42.0),
            f"{WHO} reads the prompt: 25 % of 16,000 tokens, about 40 s left.",
        ),
        (
            Wait(WHO, 0.0, progress=Progress(16_000, 16_000)),
            f"{WHO} reads the prompt: 99 % of 16,000 tokens.",
        ),
        (
            Wait(WHO, 0.0, 16_000, left_s=130.0),
            f"{WHO} reads the prompt of about 16,000 tokens, about 2 min left.",
        ),
        (
            Wait(WHO, 0.0, 16_000),
            f"{WHO} reads the prompt of about 16,000 tokens, 30 s so far.",
        ),
        (Wait(WHO, 0.0), f"{WHO} reads the prompt, 30 s so far."),
    ],
)
def test_the_words_say_what_is_known(wait, said):
    assert said == words(wait, 31.0)


def test_a_wait_that_is_known_to_be_long_is_told_of_at_once():
    assert due(Wait(WHO, 0.0, left_s=LONG_S), 0.0, None)
    assert not due(Wait(WHO, 0.0, left_s=LONG_S - 1), 0.0, None)


def test_of_any_other_nothing_is_said_for_a_while():
    assert not due(Wait(WHO, 0.0), SHORT_S - 1, None)
    assert due(Wait(WHO, 0.0), SHORT_S, None)


def test_nothing_is_said_twice_in_the_same_words():
    wait = Wait(WHO, 0.0, place=2, of=2)

    assert not due(wait, 500.0, Told(20.0, words(wait, 500.0)))
    assert due(Wait(WHO, 0.0, place=1, of=1), 500.0, Told(20.0, words(wait, 500.0)))


@given(st.integers(60, 3_000))
def test_the_longer_it_takes_the_fewer_the_lines(seconds):
    told, lines = None, 0
    for now in range(seconds):
        wait = Wait(WHO, 0.0, progress=Progress(now, seconds), left_s=float(seconds - now))
        if due(wait, float(now), told):
            told, lines = Told(float(now), words(wait, float(now))), lines + 1

    assert 3 <= lines <= 60
