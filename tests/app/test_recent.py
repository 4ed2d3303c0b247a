from hypothesis import given
from hypothesis import strategies as st

from standby.app.recent import Recent

KEYS = st.integers(0, 6)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "forget"]), KEYS))


@given(STEPS, st.integers(1, 4))
def test_the_newest_are_remembered_and_no_more(steps, most):
    recent, order = Recent(most), []
    for at, (what, key) in enumerate(steps):
        order = [pair for pair in order if pair[0] != key]
        if what == "put":
            recent.put(key, at)
            order = [*order, (key, at)][-most:]
        else:
            recent.forget(key)
        assert [dict(order).get(k) for k in range(7)] == [recent.get(k) for k in range(7)]
