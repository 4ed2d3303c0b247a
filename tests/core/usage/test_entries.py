import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.usage import Tokens, tokens_of
from tests.fakes.json_text import VALUES

COUNTS = st.integers(0, 10**9)
TOKENS = st.builds(Tokens, COUNTS, COUNTS, COUNTS, COUNTS)
FIELDS = [
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
]


@given(TOKENS, TOKENS, TOKENS)
def test_parts_can_be_added_in_any_order(one, two, three):
    assert (one + two) + three == three + (two + one)
    assert one == one + Tokens()


@given(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS))
def test_what_is_counted_is_read(counts):
    assert Tokens(*counts) == tokens_of(dict(zip(FIELDS, counts, strict=True)))


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_what_is_absent_or_odd_counts_nothing(usage):
    tokens = tokens_of(usage)

    assert all(count >= 0 for count in (tokens.input, tokens.output, tokens.cache_read))


@pytest.mark.parametrize("odd", [None, "7", 7.5, -7, [], {}, True])
def test_only_whole_numbers_are_counts(odd):
    assert Tokens() == tokens_of(dict.fromkeys(FIELDS, odd))
