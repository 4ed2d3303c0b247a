"""How long an engine is waited for without a sign: never near to what its work takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.stalls import PATIENCE_S, patience_s
from standby.core.models.tuning import BATCH

SECONDS = st.floats(0, 1e5)


@given(st.integers(0, 200_000), st.none() | SECONDS)
def test_it_is_always_waited_for_some_minutes(tokens, reading_s):
    assert patience_s(tokens, reading_s) >= PATIENCE_S >= 180


@given(st.integers(0, 200_000), SECONDS)
def test_what_was_seen_to_take_long_may_take_several_times_as_long(tokens, reading_s):
    assert patience_s(tokens, reading_s) >= 4 * reading_s


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_more_tokens_are_waited_for_at_least_as_long(one, more):
    assert patience_s(one + more, None) >= patience_s(one, None)


@pytest.mark.parametrize("tokens_a_second", [5, 10, 100])
def test_nobody_knows_how_slow_a_machine_is_before_its_first_answer(tokens_a_second):
    assert patience_s(BATCH, None) >= 4 * BATCH / tokens_a_second
