"""The clock tells the time as people do."""

import re
import time

from standby.adapters.host.clock import SystemClock
from standby.ports import Clock


def test_it_is_a_clock():
    clock: Clock = SystemClock()

    assert abs(clock.now() - time.time()) < 5
    assert clock.ticks() <= clock.ticks()


class Noon(SystemClock):
    def now(self):
        return time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))


def test_today_is_told_by_the_hour_and_another_day_by_its_date():
    noon = Noon().now()

    assert "12:00" == Noon().told(noon)
    assert "23:30" == Noon().told(noon + 11.5 * 3600)
    assert "Fri 27 Nov 00:30" == Noon().told(noon + 12.5 * 3600)
    assert re.fullmatch(r"Wed 25 Nov \d\d:\d\d", Noon().told(noon - 20 * 3600))
