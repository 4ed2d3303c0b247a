"""The cache holds what was sent before, and every token is counted once."""

from hypothesis import given
from hypothesis import strategies as st

from standby.testing.meter import Meter, prompt_tokens
from standby.testing.signatures import Chain
from tests.fakes.json_text import WORDS

TURNS = st.lists(
    st.fixed_dictionaries({"role": st.just("user"), "content": WORDS.map(lambda w: w * 9)}),
    max_size=5,
)


def measured(meter, messages, *, caches=True, account="a", **fields):
    value = {"messages": messages, **fields}
    tokens = meter.prompt(value, Chain(account), caches=caches)
    assert prompt_tokens(value) == tokens.input + tokens.cache_read + tokens.cache_write
    return tokens


@given(TURNS, TURNS)
def test_what_was_sent_once_is_read_the_next_time(before, after):
    meter = Meter()
    first = measured(meter, before)
    second = measured(meter, [*before, *after])

    assert 0 == first.cache_read
    assert first.cache_write <= second.cache_read <= prompt_tokens({"messages": before})


def test_without_marks_nothing_is_cached():
    meter = Meter()
    turns = [{"role": "user", "content": "hello " * 20}]

    assert [0, 0] == [measured(meter, turns, caches=False).cache_read for _ in range(2)]
    assert 0 == measured(meter, turns).cache_read


def test_another_system_prompt_or_account_shares_nothing():
    meter = Meter()
    turns = [{"role": "user", "content": "hello " * 20}]
    measured(meter, turns, system="a" * 99)

    assert 0 == measured(meter, turns, system="b" * 99).cache_read
    assert 0 < measured(meter, turns, system="a" * 99).cache_read
