from hypothesis import given
from hypothesis import strategies as st

from standby.core.quota.machine import Quota, QuotaRules, State
from standby.core.quota.saved import from_json, to_json
from standby.core.quota.signals import ALL_MODELS, Down, Exhausted
from standby.core.quota.state import AccountState, heard, seen
from standby.core.quota.windows import Window
from standby.core.wire.json import dumps, loads

NOW = 1_795_000_000.0
RULES = QuotaRules()

moments = st.floats(NOW + 1, NOW + 6 * 86_400)
windows = st.lists(
    st.builds(
        Window,
        st.sampled_from(["5h", "7d", "7d_oi", "tokens"]),
        st.none() | st.floats(0, 2),
        st.none() | moments,
        st.sampled_from(["", "allowed"]),
        st.none() | st.floats(0, 1),
    ),
    unique_by=lambda window: window.name,
).map(tuple)
limits = st.builds(
    Exhausted,
    st.none() | moments,
    st.sampled_from([ALL_MODELS, "opus", "claude-fable-5-2"]),
    st.sampled_from(["five_hour", "tier_cap", ""]),
    st.text(max_size=9),
    st.booleans(),
)


@given(st.lists(limits, max_size=4), windows)
def test_what_was_saved_comes_back(signals, shown):
    state = AccountState()
    for signal in signals:
        state = heard(state, signal, "claude-opus-5-5", NOW, 2.0, RULES, tried=False)
    state = seen(state, shown, NOW)

    assert state == from_json(loads(dumps(to_json(state))), NOW, RULES)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["quotas", "windows", "seen_at", "state", "scope", "until", "failures", "name"]
                )
                | st.text(max_size=3),
                inner | st.sampled_from(["open", "exhausted", "trying", "resting"]),
            )
        ),
    )
)
def test_a_file_that_somebody_else_wrote_is_read_as_far_as_it_can_be(value):
    state = from_json(value, NOW, RULES)

    assert all(quota.until is None or quota.until <= NOW + 32 * 86_400 for quota in state.quotas)


def test_a_restart_does_not_take_up_a_try_and_keeps_the_limit():
    lost = Quota(State.PROBING, ALL_MODELS, NOW + 999, probe_at=NOW + 99, lease_until=NOW + 9)
    state = from_json(to_json(AccountState((lost,))), NOW, RULES)

    assert [(State.EXHAUSTED, NOW + 999)] == [(quota.state, quota.until) for quota in state.quotas]


def test_a_rest_that_was_saved_by_a_clock_in_the_future_is_short():
    state = heard(AccountState(), Down("*", "lost"), "", NOW + 1e7, 0.0, RULES, tried=False)

    assert NOW + 60 == from_json(to_json(state), NOW, RULES).quotas[0].until
