"""Who tells a person, as the settings want it."""

import pytest

from standby.wiring.alerting import alerts


@pytest.mark.parametrize(("wanted", "chores"), [("off", 0), ("desktop", 1), ("bell", 1)])
def test_nobody_tells_where_nobody_wants_it(wanted, chores):
    assert chores == len(alerts(wanted, dict, None, None))
