"""Who tells a person, as the settings want it."""

import pytest

from standby.adapters.host.notifying import Bell, Desktop
from standby.wiring.alerting import notifier_of


@pytest.mark.parametrize(
    ("wanted", "who"), [("off", type(None)), ("desktop", Desktop), ("bell", Bell)]
)
def test_nobody_tells_where_nobody_wants_it(wanted, who):
    assert isinstance(notifier_of(wanted), who)
