import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.usage import Entry, Tokens
from standby.core.usage.sums import BOUNDS_S, Sums, added

EMPTY = Sums()


def firsts(*times):
    counts = [0] * (len(BOUNDS_S) + 1)
    for time in times:
        counts[next((i for i, bound in enumerate(BOUNDS_S) if time < bound), len(BOUNDS_S))] += 1
    return Sums(firsts=tuple(counts))


@given(st.lists(st.floats(0.05, 150), min_size=1, max_size=50), st.sampled_from([0.5, 0.95]))
def test_a_quantile_of_sums_is_within_a_class_of_the_true_one(times, share):
    true = sorted(times)[math.ceil(share * len(times)) - 1]

    told = firsts(*times).first_token_s(share)

    assert true / 1.4145 <= told <= true * 1.4145


def test_what_took_longer_than_the_last_class_is_not_told():
    assert firsts(1000.0).first_token_s(0.5) is None
    assert EMPTY.first_token_s(0.5) is None


def test_sums_add_up_field_by_field():
    one = Sums(1, 1, 0, 1, Tokens(1, 2, 3, 4), 2.0, 1.0, 2, firsts(0.1).firsts)
    two = Sums(2, 1, 1, 0, Tokens(4, 3, 2, 1), 1.0, 1.0, 4, firsts(0.1, 3).firsts)

    assert Sums(3, 2, 1, 1, Tokens(5, 5, 5, 5), 3.0, 2.0, 6, firsts(0.1, 0.1, 3).firsts) == added(
        [one, two]
    )
    assert EMPTY == added([])


def test_the_speed_counts_from_the_first_token_on():
    assert 3.0 == Sums(stream_s=2.0, stream_tokens=6).tokens_per_s
    assert EMPTY.tokens_per_s is None


def test_the_classes_grow_by_the_root_of_two():
    ratios = {round(b / a, 2) for a, b in pairwise(BOUNDS_S)}

    assert {1.41} == ratios
    assert pytest.approx(204.8) == BOUNDS_S[-1]


def test_one_request_adds_what_it_was():
    named = ("r", 1.0, "s", "a", "opus", "opus", "cloud", "why", "ok", 200)
    one = Sums.of(Entry(*named, Tokens(1, 20, 3, 4), 0.5, 2.5, saved=True))

    assert (1, 1, 1, 10.0, Tokens(1, 20, 3, 4)) == (
        *(one.requests, one.ok, one.saved),
        *(one.tokens_per_s, one.tokens),
    )
    assert 1 == sum(one.firsts)
    assert 0.35 < one.first_token_s(0.5) < 0.71


def test_a_request_without_a_first_word_has_no_speed():
    named = ("r", 1.0, "s", "a", "opus", "opus", "cloud", "why", "broken", 200)
    one = Sums.of(Entry(*named, Tokens(1, 20, 3, 4), None, 2.5))

    assert (1, 0, None, None) == (one.requests, one.ok, one.tokens_per_s, one.first_token_s(0.5))
