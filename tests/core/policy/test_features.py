"""What is read of a body is read when it is asked for, and once."""

from standby.core.policy.features import Features
from standby.core.policy.workload import Workload
from tests.fakes.turns_of_work import loop


class Body(dict):
    """A body that counts who looks into it."""

    looks = 0

    def get(self, *key):
        self.looks += 1
        return super().get(*key)


def test_nothing_is_read_that_nobody_asks_for():
    body = Body(messages=loop("Rename `a` to `b`."))
    features = Features(body, 400)

    assert (0, 100) == (body.looks, features.tokens)
    assert features.in_loop
    assert Workload.MECHANICAL is features.workload.kind
    looks = body.looks
    assert features.in_loop
    assert features.workload.of_high_value is False
    assert looks == body.looks


def test_a_count_goes_before_the_guess():
    assert 7 == Features({}, 400, tokens=7).tokens
