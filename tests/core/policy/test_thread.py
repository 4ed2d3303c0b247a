"""Where a conversation stands after each answer, and what going back costs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from standby.core.policy.thread import (
    CACHE_S,
    CLOUD,
    NEW,
    continued,
    return_price,
    worth_an_early_try,
)

answers = st.lists(st.tuples(st.sampled_from([CLOUD, "a/x", "b/y"]), st.integers(0, 900)))


def after(*answers, every_s=10.0):
    thread, now = NEW, 0.0
    for by, tokens in answers:
        now += every_s
        thread = continued(thread, by, now, tokens)
    return thread


@given(answers)
def test_sides_are_counted_and_not_models(given_by):
    sides = [by == CLOUD for by, _ in given_by]
    changes = sum(one != other for one, other in pairwise(sides))

    thread = after(*given_by)
    assert min(changes, 4) == thread.switches(0.0)
    assert 0 == thread.switches(1e6)


@given(answers)
def test_the_side_lasts_since_its_first_answer(given_by):
    thread = after(*given_by)
    sides = [by == CLOUD for by, _ in given_by]
    run = 0
    for side in reversed(sides):
        if side != sides[-1]:
            break
        run += 1

    assert (len(sides) - run + 1) * 10.0 * bool(sides) == thread.since


def test_what_the_last_turn_was_worth_is_kept_beside_what_is_none():
    thread = continued(NEW, CLOUD, 1.0, 10, 0.9)

    assert 0.9 == continued(thread, CLOUD, 2.0, 10).little
    assert 0.0 == continued(thread, CLOUD, 2.0, 10, 0.0).little


def test_nothing_is_local_before_anybody_has_answered():
    assert not NEW.is_local
    assert after(("a/x", 1)).is_local
    assert not after(("a/x", 1), (CLOUD, 1)).is_local


def test_the_cloud_forgets_a_prompt():
    thread = after((CLOUD, 1000), ("a/x", 1000))

    assert thread.warm(10.0 + CACHE_S - 1)
    assert not thread.warm(10.0 + CACHE_S)
    assert 100 == return_price(thread, 10.0)
    assert 1250 == return_price(thread, 10.0 + CACHE_S)


def test_an_early_try_may_cost_little_or_come_late():
    long = after((CLOUD, 100_000), ("a/x", 100_000))

    assert worth_an_early_try(long, 100.0)
    assert not worth_an_early_try(long, 1000.0)
    assert worth_an_early_try(long, 4000.0)
    assert worth_an_early_try(after((CLOUD, 5_000), ("a/x", 5_000)), 1000.0)
    assert worth_an_early_try(after((CLOUD, 100_000)), 1000.0)


def test_an_answer_without_a_count_keeps_the_last_one():
    assert 7 == after((CLOUD, 7), (CLOUD, 0)).tokens
