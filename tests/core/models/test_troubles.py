"""What is wrong is told from an engine's words, and a model that does not fit is given less."""

from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.troubles import (
    LEAST_TOKENS,
    Retreat,
    Sign,
    Trouble,
    recognise,
    smaller,
)

SIGNS = (
    Sign(Trouble.PORT, ("address already in use",), "another port"),
    Sign(Trouble.MEMORY, ("out of memory", "bad_alloc"), "less"),
)


def test_the_first_sign_that_is_heard_counts_however_it_is_written():
    assert recognise(SIGNS, "E Address already in use, and OUT OF MEMORY") is SIGNS[0]
    assert recognise(SIGNS, "terminate: std::bad_alloc") is SIGNS[1]
    assert recognise(SIGNS, "it is fine") is None
    assert recognise((), "out of memory") is None


def test_the_window_goes_first_then_half_of_the_layers_and_then_nothing_more():
    first = smaller(Retreat(), 65_536, 40)
    second = smaller(first, 65_536, 40)

    assert ("a window of 32,768 tokens", None) == (first.words, first.layers)
    assert "a window of 32,768 tokens and 20 layers on the card" == second.words
    assert smaller(second, 65_536, 40) is None
    assert smaller(first, 65_536, 0) is None
    assert Retreat(None, 20, 1) == smaller(Retreat(), 4096, 40)


@given(st.integers(1, 1_000_000), st.integers(0, 200), st.integers(1, 1_000_000))
def test_it_ends_and_never_leaves_a_window_that_is_of_no_use(window, layers, asked):
    now, steps = Retreat(), 0
    while (further := smaller(now, window, layers)) is not None:
        assert further != now
        now, steps = further, steps + 1

    assert steps <= 2
    assert now.window is None or now.window >= LEAST_TOKENS
    assert now.within(asked) == min(asked, now.window or asked)
    assert (now.words == "") == (steps == 0)
