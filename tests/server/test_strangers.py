"""How often unknown credentials may be tried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.server import strangers
from standby.server.strangers import MOST, WITHIN_S, Bodies, CrowdedError, Strangers
from tests.fakes.clock import SetClock


@given(st.lists(st.floats(min_value=0, max_value=30)))
def test_in_no_minute_are_there_more_than_thirty(pauses):
    clock = SetClock()
    strangers = Strangers(clock.ticks)
    let_in = []

    for pause in pauses:
        clock.passes(pause)
        if strangers.wait_s() == 0:
            let_in.append(clock.ticks())

    assert all(
        after - before >= WITHIN_S for before, after in zip(let_in, let_in[MOST:], strict=False)
    )


def test_whoever_waits_as_long_as_told_is_let_in():
    clock = SetClock()
    strangers = Strangers(clock.ticks)
    let_in = [strangers.wait_s() for _ in range(MOST)]
    clock.passes(10)
    told = strangers.wait_s()
    clock.passes(told - 1)
    too_early = strangers.wait_s()
    clock.passes(too_early)

    assert [0] * MOST == let_in
    assert (50, 1) == (told, too_early)
    assert 0 == strangers.wait_s()


def test_bodies_hold_what_they_come_to_until_they_are_served(monkeypatch):
    monkeypatch.setattr(strangers, "MOST_BYTES", 10)
    bodies = Bodies()

    with bodies.one() as first:
        first(6)
        with bodies.one() as second:
            second(4)
            with pytest.raises(CrowdedError):
                second(1)
        first(4)
        with pytest.raises(CrowdedError):
            first(1)
    with bodies.one() as third:
        third(10)
