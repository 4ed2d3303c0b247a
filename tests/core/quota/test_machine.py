from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from standby.core.quota.machine import (
    TABLE,
    Admission,
    Quota,
    QuotaRules,
    State,
    admit,
    awake,
    binds,
    meant,
    released,
    restored,
    rewound,
    step,
)
from standby.core.quota.signals import (
    ALL_MODELS,
    CREDIT,
    LONGEST_S,
    Aside,
    Billing,
    Down,
    Exhausted,
    Overage,
    Overloaded,
    Served,
    Signal,
    Throttled,
)

NOW = 1_795_000_000.0
RULES = QuotaRules()
DOWN = Down(ALL_MODELS, "connection refused")
CREDIT_IS_EMPTY = Billing(ALL_MODELS, CREDIT, "HTTP 400")

moments = st.floats(0, 40 * 86_400)
signals = st.one_of(
    st.just(Served()),
    st.just(Aside("HTTP 429")),
    st.just(DOWN),
    st.just(Overloaded(ALL_MODELS, "HTTP 529")),
    st.just(CREDIT_IS_EMPTY),
    st.builds(
        Overage, st.none() | moments, st.just(ALL_MODELS), st.just("five_hour"), st.just("HTTP 200")
    ),
    st.builds(Throttled, st.none() | moments, st.just(ALL_MODELS), st.just("HTTP 429")),
    st.builds(
        Exhausted,
        st.none() | moments,
        st.just(ALL_MODELS),
        st.sampled_from(["five_hour", "tier_cap", ""]),
        st.just("HTTP 429"),
        st.booleans(),
    ),
)
rules = st.builds(
    QuotaRules,
    probe_every_s=st.floats(1, 9999),
    probe_often_s=st.floats(1, 999),
    lease_s=st.floats(1, 999),
    overage_is_exhausted=st.booleans(),
)
passes = st.one_of(st.just(0.0), st.floats(0, 200), st.floats(0, 9 * 86_400))
courses = st.lists(st.tuples(passes, signals, st.booleans(), st.booleans()), max_size=30)


def ahead(signal, now):
    """Return the signal with its moment counted from now."""
    until = getattr(signal, "until", None)
    return signal if until is None else replace(signal, until=now + until)


def course(steps, policy):
    """Yield every quota that a course of events leads through."""
    quota, now = Quota(), NOW
    for passed, raw, asks, tried in steps:
        now += passed
        if asks:
            quota, _ = admit(quota, now, policy)
        signal = meant(ahead(raw, now), policy)
        after = step(quota, signal, now, 3.0, policy, tried=tried)
        yield quota, signal, tried, now, after
        quota = after


def exhausted(seconds=3600.0, **rest):
    signal = Exhausted(NOW + seconds, ALL_MODELS, "five_hour", "HTTP 429", **rest)
    return step(Quota(), signal, NOW, 3.0, RULES)


def test_the_table_is_total():
    assert set(State) == set(TABLE)
    for row in TABLE.values():
        assert set(get_args(Signal)) == set(row)


@given(courses, rules)
def test_an_exhausted_account_is_opened_only_by_a_try_that_was_served(steps, policy):
    for before, signal, tried, _, after in course(steps, policy):
        waits = {State.EXHAUSTED, State.PROBING, State.TRYING}
        if before.state in waits and after.state is State.OPEN:
            assert tried
            assert isinstance(signal, Served | Overage)


@given(courses, rules)
def test_nothing_but_an_answer_to_a_try_ends_a_wait_before_its_time(steps, policy):
    for before, signal, tried, now, after in course(steps, policy):
        if before.state in (State.EXHAUSTED, State.PROBING) and not (
            tried and isinstance(signal, Served | Overage)
        ):
            assert State.EXHAUSTED is after.state or (before == after and not tried)
            if not tried and before.until is not None and after.until is not None:
                assert after.until >= min(before.until, now + LONGEST_S)


@given(courses, rules)
def test_a_reached_limit_is_believed_as_far_as_it_may_be(steps, policy):
    for _, signal, _, now, after in course(steps, policy):
        if isinstance(signal, Exhausted):
            assert State.EXHAUSTED is after.state
            if signal.until is not None and after.until is not None:
                assert after.until >= min(signal.until, now + LONGEST_S)
                assert after.until <= now + 32 * 86_400


@given(courses, rules, st.lists(st.floats(0, 99), min_size=2, max_size=9))
def test_one_request_tries_at_a_time(steps, policy, gaps):
    for *_, now, quota in course(steps, policy):
        asking, moment, last = quota, now, None
        for gap in gaps:
            moment += gap
            asking, admission = admit(asking, moment, policy)
            if admission is Admission.TRY:
                assert last is None or moment - last >= policy.lease_s - 1e-3
                last = moment


@given(courses, rules, passes, passes)
def test_who_may_go_may_also_go_later(steps, policy, sooner, later):
    for *_, now, quota in course(steps, policy):
        _, first = admit(quota, now + sooner, policy)
        _, second = admit(quota, now + sooner + later, policy)
        assert first is Admission.STAY or second is not Admission.STAY


@given(courses, rules, passes, st.floats(-30 * 86_400, 30 * 86_400))
def test_what_is_restored_never_waits_longer_than_what_was_saved(steps, policy, passed, jump):
    for *_, now, quota in course(steps, policy):
        moment = now + passed + jump
        again = restored(quota, moment, policy)
        assert again.until is None or (quota.until is not None and again.until <= quota.until)
        assert again.until is None or again.until <= moment + 32 * 86_400
        assert again.state not in (State.TRYING, State.PROBING)
        assert (quota.state is State.OPEN) == (again.state is State.OPEN)
        assert (
            again.probe_at is None
            or again.probe_at <= moment + policy.probe_every_s
            or (again.probe_at <= moment + policy.probe_often_s)
        )


@given(courses, rules, passes)
def test_what_holds_nobody_lets_everybody_go(steps, policy, passed):
    for *_, now, quota in course(steps, policy):
        _, admission = admit(quota, now + passed, policy)
        assert (admission is Admission.GO) != binds(quota, now + passed)


@given(courses, rules)
def test_a_known_limit_always_ends(steps, policy):
    for *_, now, quota in course(steps, policy):
        _, admission = admit(quota, now + 33 * 86_400, policy)
        assert admission is not Admission.STAY


def test_while_exhausted_nobody_goes_but_a_rare_probe():
    quota = exhausted()

    assert Admission.STAY is admit(quota, NOW + 1799, RULES)[1]
    probing, admission = admit(quota, NOW + 1800, RULES)
    assert (Admission.TRY, State.PROBING) == (admission, probing.state)
    assert Admission.STAY is admit(probing, NOW + 1801, RULES)[1]
    # Its lease ran out without a word: the next probe is as rare as ever.
    assert Admission.STAY is admit(probing, NOW + 3599, RULES)[1]


def test_probes_are_more_frequent_where_some_requests_are_served():
    quota = exhausted(probabilistic=True)

    assert Admission.STAY is admit(quota, NOW + 299, RULES)[1]
    assert Admission.TRY is admit(quota, NOW + 300, RULES)[1]


def test_a_user_who_pays_for_no_overage_is_not_probed_into_it():
    frugal = QuotaRules(overage_is_exhausted=True)
    signal = meant(Overage(NOW + 9999, ALL_MODELS, "five_hour", "HTTP 200"), frugal)
    quota = step(Quota(), signal, NOW, 0.0, frugal)

    assert (State.EXHAUSTED, NOW + 9999) == (quota.state, quota.until)
    assert Admission.STAY is admit(quota, NOW + 9998, frugal)[1]
    assert Admission.TRY is admit(quota, NOW + 9999, frugal)[1]


def test_overage_is_service_unless_the_user_says_otherwise():
    signal = Overage(NOW + 9999, ALL_MODELS, "five_hour", "HTTP 200")

    assert signal == meant(signal, RULES)
    assert State.OPEN is step(Quota(), signal, NOW, 0.0, RULES).state


def test_at_the_reset_and_its_jitter_exactly_one_request_tries():
    quota = exhausted(60.0)

    assert Admission.STAY is admit(quota, NOW + 62.9, RULES)[1]
    trying, admission = admit(quota, NOW + 63, RULES)
    assert (Admission.TRY, State.TRYING) == (admission, trying.state)
    assert Admission.STAY is admit(trying, NOW + 182.9, RULES)[1]
    assert Admission.TRY is admit(trying, NOW + 183, RULES)[1]


def test_a_try_that_is_served_opens_and_one_that_is_refused_waits_anew():
    trying, _ = admit(exhausted(60.0), NOW + 63, RULES)
    refused = Exhausted(NOW + 999, ALL_MODELS, "seven_day", "HTTP 429")

    assert Quota() == step(trying, Served(), NOW + 64, 0.0, RULES, tried=True)
    again = step(trying, refused, NOW + 64, 0.0, RULES, tried=True)
    assert (State.EXHAUSTED, NOW + 999, "seven_day") == (again.state, again.until, again.claim)


def test_an_answer_to_a_request_from_before_the_limit_proves_nothing():
    trying, _ = admit(exhausted(60.0), NOW + 63, RULES)

    assert State.EXHAUSTED is step(exhausted(), Served(), NOW + 1, 0.0, RULES).state
    assert trying == step(trying, Served(), NOW + 64, 0.0, RULES)


def test_a_probe_that_is_served_opens_long_before_the_end():
    probing, _ = admit(exhausted(), NOW + 1800, RULES)

    assert State.OPEN is step(probing, Served(), NOW + 1801, 0.0, RULES, tried=True).state


def test_a_served_try_opens_although_its_lease_has_run_out():
    late = step(exhausted(), Served(), NOW + 1, 0.0, RULES, tried=True)

    assert State.OPEN is late.state


def test_a_probe_that_meets_an_outage_leaves_the_limit_as_it_was():
    probing, _ = admit(exhausted(), NOW + 1800, RULES)
    after = step(probing, DOWN, NOW + 1801, 0.0, RULES, tried=True)

    assert (State.EXHAUSTED, NOW + 3600, NOW + 3600) == (after.state, after.until, after.probe_at)


def test_a_missing_payment_is_probed_for_and_never_ends_by_itself():
    quota = step(exhausted(60.0), CREDIT_IS_EMPTY, NOW + 1, 0.0, RULES)

    assert (State.EXHAUSTED, None, CREDIT) == (quota.state, quota.until, quota.claim)
    probing, admission = admit(quota, NOW + 1801, RULES)
    assert (Admission.TRY, State.PROBING) == (admission, probing.state)


def test_a_limit_without_a_moment_keeps_the_one_that_was_named_before():
    vague = Exhausted(None, ALL_MODELS, "five_hour", "HTTP 429")
    probing, _ = admit(exhausted(), NOW + 1800, RULES)

    assert NOW + 3600 == step(probing, vague, NOW + 1801, 0.0, RULES, tried=True).until
    assert step(Quota(), vague, NOW, 0.0, RULES).until is None


def test_of_limits_that_cross_the_one_that_ends_last_binds():
    sooner = Exhausted(NOW + 60, ALL_MODELS, "five_hour", "HTTP 429")
    later = Exhausted(NOW + 9999, ALL_MODELS, "seven_day", "HTTP 429")

    assert NOW + 3600 == step(exhausted(), sooner, NOW + 1, 0.0, RULES).until
    both = step(exhausted(), later, NOW + 1, 0.0, RULES)
    assert (NOW + 9999, "seven_day") == (both.until, both.claim)


def test_one_failure_keeps_nobody_away_for_long():
    quota = step(Quota(), DOWN, NOW, 0.0, RULES)

    assert Admission.STAY is admit(quota, NOW + 1.9, RULES)[1]
    assert Admission.GO is admit(quota, NOW + 2, RULES)[1]


def test_failures_together_are_one_failure():
    quota = step(Quota(), DOWN, NOW, 0.0, RULES)
    for _ in range(50):
        quota = step(quota, DOWN, NOW + 1, 0.0, RULES)

    assert (1, NOW + 2) == (quota.failures, quota.until)


def test_rests_double_up_to_the_longest_and_one_request_tries_after_each():
    quota, now, rests = Quota(), NOW, []
    for _ in range(7):
        quota = step(quota, DOWN, now, 0.0, RULES, tried=quota.state is State.TRYING)
        rests.append(quota.until - now)
        now = quota.until
        quota, admission = admit(quota, now, RULES)
        assert admission is (Admission.GO if quota.failures < 2 else Admission.TRY)

    assert [2, 4, 8, 16, 32, 60, 60] == rests


def test_after_a_reset_that_met_an_outage_still_only_one_request_tries():
    trying, _ = admit(exhausted(60.0), NOW + 63, RULES)
    resting = step(trying, DOWN, NOW + 64, 0.0, RULES, tried=True)

    assert State.RESTING is resting.state
    assert Admission.TRY is admit(resting, resting.until, RULES)[1]


def test_a_throttle_rests_until_the_moment_it_names():
    signal = Throttled(NOW + 17, ALL_MODELS, "HTTP 429")

    assert NOW + 17 == step(Quota(), signal, NOW, 0.0, RULES).until


def test_a_rest_ends_with_any_answer():
    resting = step(Quota(), DOWN, NOW, 0.0, RULES)

    assert State.OPEN is step(resting, Served(), NOW + 1, 0.0, RULES).state


def test_a_try_that_is_given_back_goes_to_the_next():
    trying, _ = admit(exhausted(60.0), NOW + 63, RULES)
    probing, _ = admit(exhausted(), NOW + 1800, RULES)

    assert Admission.TRY is admit(released(trying, NOW + 64), NOW + 64, RULES)[1]
    assert State.EXHAUSTED is released(probing, NOW + 1801).state
    assert released(trying, NOW + 64) == step(
        trying, Aside("HTTP 429"), NOW + 64, 0.0, RULES, tried=True
    )


def test_after_a_sleep_one_request_may_try_where_we_rested_by_ourselves():
    quota = Quota()
    for again in range(5):
        quota = step(quota, DOWN, NOW + again * 1000, 0.0, RULES)
    assert Admission.STAY is admit(quota, NOW + 4001, RULES)[1]
    trying, admission = admit(awake(quota, NOW + 4001), NOW + 4001, RULES)

    assert Admission.TRY is admission
    assert Admission.STAY is admit(trying, NOW + 4001, RULES)[1]


def test_after_a_sleep_a_moment_that_the_cloud_has_named_stays_and_a_probe_comes_at_once():
    spent = exhausted(3600.0)
    later = awake(spent, NOW + 1)

    assert (spent.until, State.EXHAUSTED) == (later.until, later.state)
    throttled = step(Quota(), Throttled(NOW + 60, ALL_MODELS, "slow down"), NOW, 0.0, RULES)
    assert throttled == awake(throttled, NOW + 1)
    open_end = awake(exhausted(), NOW + 1)
    assert State.PROBING is admit(open_end, NOW + 1, RULES)[0].state


@given(courses, rules)
def test_after_a_sleep_nobody_waits_longer(steps, policy):
    for *_, now, quota in course(steps, policy):
        later = awake(quota, now)
        assert later.state is quota.state
        assert (later.until or 0.0) <= (quota.until or float("inf"))
        assert later == awake(later, now)


@given(courses, rules, st.floats(1, 9 * 86_400))
def test_a_clock_that_was_set_back_delays_no_probe(steps, policy, by_s):
    for *_, now, quota in course(steps, policy):
        assume(quota.state is not State.OPEN)
        back = rewound(quota, by_s)
        assert back.until == quota.until or quota.state is State.RESTING
        if quota.probe_at is not None:
            assert back.probe_at - (now - by_s) == pytest.approx(quota.probe_at - now, abs=1e-3)
