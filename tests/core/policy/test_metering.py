"""How the quota would have gone: what was, and what moved, by its list price."""

import pytest

from standby.core.policy.metering import Past, meters_of, usual_cost, weight
from standby.core.usage import Tokens
from tests.fakes.replays import HOUR, NOW, PRICES, entry, row, seen

# 1,000 tokens in and 100 out: a cent and a half.
DOLLARS = 0.015


def meter(*seen_of, rows=()):
    (found,) = meters_of(Past([*rows], [*seen_of]), PRICES)["a"]
    return found


def test_nothing_moved_is_the_past_as_it_was():
    one = meter(seen(0, 0.1), seen(HOUR, 0.4), rows=[row(1)])

    assert (0.1, 0.1) == one.used(NOW + 1)
    assert (0.4, 0.4) == one.used(NOW + HOUR)
    assert one.used(NOW + 6 * HOUR) is None
    assert [(0.4, 0.4)] == [(end.was, end.would) for end in one.ends("a", NOW)]


def test_what_moves_uses_as_much_as_the_dollars_did():
    one = meter(seen(0, 0.1), seen(HOUR, 0.4), rows=[row(1), row(2, 10)])
    one.move(NOW + 20, DOLLARS)
    one.move(NOW + 30, -DOLLARS * 3)

    assert pytest.approx(0.4 / (2 * DOLLARS)) == one.rate
    assert (0.4, pytest.approx(0.0)) == one.used(NOW + HOUR)


def test_a_window_is_told_as_the_cloud_tells_it_and_remembered():
    one = meter(seen(0, 0.123), rows=[row(1)])
    one.move(NOW + 20, DOLLARS * 100)
    window = one.window(NOW + 30)

    assert ("5h", 1.0, NOW + 5 * HOUR) == (window.name, window.utilisation, window.resets_at)
    assert [(1.0,)] == [course.used for course in one.would]
    assert one.window(NOW + 9 * HOUR) is None
    one.move(NOW + 9 * HOUR, 1.0)


def test_each_window_has_its_own_account():
    past = Past([], [seen(0, 0.1), seen(0, 0.2, account="b"), seen(0, 0.3, 90 * HOUR, "7d")])
    found = meters_of(past, PRICES)

    assert ["5h", "7d"] == [one.name for one in found["a"]]
    assert ["5h"] == [one.name for one in found["b"]]
    assert 0.0 == found["a"][0].rate
    assert {} == meters_of(Past([], [seen(0, 0.1, name="tokens")]), PRICES)


def test_a_local_answer_would_have_cost_what_tokens_of_the_cloud_cost_on_average():
    rows = [row(1), row(2, by="local"), row(3, requested="unknown")]

    assert weight(Tokens(700, 100, 200, 100)) == 1500
    assert pytest.approx(DOLLARS / 1500) == usual_cost(rows, PRICES)
    assert 0.0 == usual_cost([row(2, by="local")], PRICES)
    assert entry(1).by == "cloud"


def test_a_long_past_has_all_its_windows():
    past = [seen(n * 5 * HOUR + 1, 0.5, (n + 1) * 5 * HOUR) for n in range(50)]

    assert 50 == len([*meter(*past).ends("a", NOW)])


def test_what_was_asked_of_a_spent_window_is_not_forgotten_when_less_was_used_after_all():
    one = meter(seen(0, 0.5), seen(HOUR, 1.0), rows=[row(1)])

    assert (False, True) == (one.refuses(NOW + 1), one.refuses(NOW + HOUR))
    assert not one.refuses(NOW + 9 * HOUR)
    one.move(NOW + HOUR, -DOLLARS)
    assert [(True, True)] == [end.ran_out for end in one.ends("a", NOW)]


def test_a_refusal_near_the_end_says_that_the_end_was_reached():
    refused = row(1, HOUR + 5, by="local", saved=True)

    assert (1.0, 1.0) == meter(seen(0, 0.5), seen(HOUR, 0.9), rows=[refused]).used(NOW + HOUR + 6)
    assert (0.5, 0.5) == meter(seen(0, 0.5), rows=[refused]).used(NOW + HOUR + 6)


def test_what_went_before_the_first_request_is_how_windows_used_to_go():
    past = [seen(-9 * HOUR, 0.7, -5 * HOUR), seen(1, 0.1)]
    one = meter(*past, rows=[row(1, 10)])
    one.window(NOW + 20)

    assert [(0.7,), (0.1,)] == [course.used for course in one.would]
