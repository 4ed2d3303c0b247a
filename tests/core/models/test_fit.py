"""Whether a model fits, over all machines and the ones people have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.fit import (
    FLOOR_TOKENS,
    WANTED_TOKENS,
    Card,
    Hardware,
    Kv,
    Place,
    Shape,
    Speed,
    fit,
    gigabytes,
    largest_context,
    need,
)

GB = 1_000_000_000
DENSE = Shape(17 * GB, 32_768, 27.0)
MIXTURE = Shape(22 * GB, 10_240, 3.0, mixture=True)
TINY = Shape(98_000_000, 11_520, 0.135)

sizes = st.integers(0, 200 * GB)
shapes = st.builds(Shape, sizes, st.integers(0, 200_000), st.floats(0.1, 200.0), st.booleans())
cards = st.builds(lambda size, part: Card("card", size, int(size * part)), sizes, st.floats(0, 1))
machines = st.builds(
    Hardware,
    ram_bytes=sizes,
    ram_free_bytes=sizes,
    cores=st.integers(1, 128),
    cards=st.lists(cards, max_size=3).map(tuple),
    unified=st.booleans(),
)


@given(shapes, machines, st.integers(1, 1_000_000))
def test_what_fits_has_room_and_a_window_of_the_models(shape, machine, most):
    found = fit(shape, machine, most)

    assert found.context_tokens <= most
    assert found.context_tokens <= WANTED_TOKENS
    assert (found.need_bytes <= found.room_bytes) or found.place is Place.NOWHERE
    assert (found.place is not Place.NOWHERE) or found.speed is Speed.HOPELESS
    assert found.place is not Place.RAM or found.kv is Kv.F16
    assert found.place is not Place.SPLIT or shape.mixture
    assert found.why


@given(shapes, machines, st.integers(0, 50 * GB))
def test_more_memory_never_makes_a_fit_worse(shape, machine, more):
    larger = Hardware(
        machine.ram_bytes + more,
        machine.ram_free_bytes + more,
        machine.cores,
        machine.cards,
        machine.unified,
    )
    before, after = fit(shape, machine), fit(shape, larger)

    if before.place is not Place.NOWHERE:
        assert after.place is not Place.NOWHERE
        if before.place is after.place:
            assert after.context_tokens >= before.context_tokens


@given(shapes, st.integers(0, 300 * GB), st.integers(1, 300_000))
def test_the_largest_window_fits_and_one_step_more_would_not(shape, room, most):
    tokens = largest_context(shape, room, most)

    assert 0 <= tokens <= most
    if tokens:
        assert need(shape, tokens) <= room
    if tokens < most and need(shape, 0) <= room:
        assert need(shape, tokens + 1024) > room - 4 * 200_000


def test_the_worked_examples_of_the_formula():
    assert 4 * 1024**3 == need(DENSE, 65_536) - need(DENSE, 0)
    assert need(DENSE, 65_536, Kv.Q8_0) - need(DENSE, 0) == int(4 * 1024**3 * 1.0625 / 2)
    assert int(1.25 * 1024**3) == need(MIXTURE, 65_536) - need(MIXTURE, 0)


def nvidia(gib, free=0.97):
    return (Card("RTX", gib * 1024**3, int(gib * 1024**3 * free)),)


@pytest.mark.parametrize(
    ("shape", "machine", "place", "kv", "speed"),
    [
        (DENSE, Hardware(64 * GB, 50 * GB, 8, nvidia(24)), Place.CARD, Kv.F16, Speed.USABLE),
        (DENSE, Hardware(64 * GB, 50 * GB, 8, nvidia(22)), Place.CARD, Kv.Q8_0, Speed.USABLE),
        (MIXTURE, Hardware(64 * GB, 50 * GB, 8, nvidia(32)), Place.CARD, Kv.F16, Speed.FAST),
        (MIXTURE, Hardware(34 * GB, 28 * GB, 8, nvidia(12)), Place.SPLIT, Kv.F16, Speed.USABLE),
        (DENSE, Hardware(34 * GB, 14 * GB, 8, nvidia(12)), Place.NOWHERE, Kv.F16, Speed.HOPELESS),
        (MIXTURE, Hardware(36 * GB, 9 * GB, 8, unified=True), Place.UNIFIED, Kv.F16, Speed.USABLE),
        (DENSE, Hardware(36 * GB, 9 * GB, 8, unified=True), Place.UNIFIED, Kv.F16, Speed.SLOW),
        (MIXTURE, Hardware(64 * GB, 50 * GB, 8), Place.RAM, Kv.F16, Speed.SLOW),
        (DENSE, Hardware(64 * GB, 50 * GB, 8), Place.RAM, Kv.F16, Speed.HOPELESS),
        (TINY, Hardware(16 * GB, 9 * GB, 8), Place.RAM, Kv.F16, Speed.SLOW),
        (MIXTURE, Hardware(16 * GB, 9 * GB, 8), Place.NOWHERE, Kv.F16, Speed.HOPELESS),
    ],
)
def test_the_machines_that_people_have(shape, machine, place, kv, speed):
    found = fit(shape, machine)

    assert (place, kv, speed) == (found.place, found.kv, found.speed)


def test_a_window_shrinks_before_a_model_is_given_up_and_that_is_said():
    middle = fit(DENSE, Hardware(8 * GB, 2 * GB, 4, (Card("RTX", 22 * GB, 21_000_000_000),)))
    small = fit(DENSE, Hardware(8 * GB, 2 * GB, 4, (Card("RTX", 22 * GB, 20_500_000_000),)))

    assert (FLOOR_TOKENS, Kv.Q8_0) == (middle.context_tokens, middle.kv)
    assert (32_768, Kv.Q8_0) == (small.context_tokens, small.kv)
    assert "--bare" in small.why
    assert "--bare" not in middle.why


def test_a_person_may_allow_the_graphics_more():
    machine = Hardware(24 * GB, 9 * GB, 8, unified=True)
    allowed = Hardware(24 * GB, 9 * GB, 8, unified=True, unified_limit_bytes=23 * GB)
    shape = Shape(20 * GB, 10_240, 3.0)

    assert Place.NOWHERE is fit(shape, machine).place
    assert Place.UNIFIED is fit(shape, allowed).place


def test_a_size_is_said_as_people_say_it():
    assert ("22.1 GB", "0.7 GB", "98 MB") == tuple(
        gigabytes(size) for size in (22_134_528_992, 700_000_000, 98_362_432)
    )


def test_images_take_room_too():
    assert GB == need(Shape(GB, 1, 1.0, projector_bytes=GB), 10) - need(Shape(GB, 1, 1.0), 10)
