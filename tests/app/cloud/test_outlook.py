"""Why the cloud may soon not serve: limits, trouble, and what is foretold of the windows."""

import threading

import pytest

from standby.app.cloud import outlook
from standby.app.cloud.outlook import Outlook
from standby.core.quota.forecast import Sample, forecast
from standby.core.quota.reply import UNIFIED, Reply
from tests.fakes.line import ME, OPUS, Way
from tests.fakes.records import LostRecords, PaperRecords
from tests.fakes.replies import HOUR, NOW

pytestmark = pytest.mark.anyio

AT = 0.8


def used(way, share, resets_in_s=4 * HOUR):
    lines = {"status": "allowed", "5h-utilization": share, "5h-reset": int(NOW + resets_in_s)}
    headers = tuple((f"{UNIFIED}{name}", str(value)) for name, value in lines.items())
    way.accounts.heard(ME, OPUS, Reply(200, headers, model=OPUS))


def steadily(per_hour, hours=3):
    """What was seen of a window that is used up by so much an hour, up to now."""
    steps = range(12 * hours, -1, -1)
    return tuple(Sample(NOW - step * 300, per_hour * (hours - step / 12)) for step in steps)


def fast():
    """A window of which 60 % went within three quarters of an hour: it will not last."""
    way = Way()
    used(way, 0.6)
    samples = (
        Sample(NOW - 4 * HOUR, 0.0),
        *(Sample(NOW - 60 * m, 0.6 - 0.6 * m / 45) for m in range(45, -1, -5)),
    )
    return way, PaperRecords(samples={ME: {"5h": samples}})


async def why(way, records=None, reading_s=60.0, here=(ME,)):
    return await Outlook(way.accounts, way.clock, records).why({*here}, AT, reading_s)


async def test_while_all_is_well_there_is_no_reason():
    way = Way()
    used(way, 0.3)

    assert "" == await why(way, PaperRecords(samples={ME: {"5h": steadily(0.1)}}))


@pytest.mark.parametrize(("here", "near"), [((ME,), True), ((), False)])
async def test_a_window_near_its_end_counts_for_those_who_are_here(here, near):
    way = Way()
    used(way, 0.85)

    assert near == bool(await why(way, here=here))


async def test_trouble_counts_for_ten_minutes():
    way = Way()
    outlooking = Outlook(way.accounts, way.clock)
    outlooking.trouble("the cloud is overloaded")

    assert "the cloud is overloaded" == await outlooking.why((), AT, None)
    way.clock.passes(601)
    assert "" == await outlooking.why((), AT, None)


async def test_a_window_that_ends_before_all_is_read_is_a_reason_long_before_its_share_is():
    way, records = fast()

    assert "" == await why(way, records, reading_s=1.0)
    assert "5h may be used up within" in await why(way, records, reading_s=1200.0)


async def test_without_a_ledger_nothing_is_foretold():
    way, _ = fast()

    assert "" == await why(way, LostRecords(), reading_s=1e6)
    assert "" == await why(way, None, reading_s=1e6)


async def test_what_was_foretold_counts_for_a_minute():
    way, records = fast()
    outlooking = Outlook(way.accounts, way.clock, records)
    await outlooking.why({ME}, AT, 1200.0)

    records.seen = {}
    assert await outlooking.why({ME}, AT, 1200.0)
    way.clock.passes(61)
    assert "" == await outlooking.why({ME}, AT, 1200.0)


async def test_the_reckoning_does_not_hold_up_the_loop_that_relays_answers(monkeypatch):
    way, records = fast()
    reckoned = []

    def noted(*given):
        reckoned.append(threading.get_ident())
        return forecast(*given)

    monkeypatch.setattr(outlook, "forecast", noted)
    await why(way, records)

    assert reckoned
    assert threading.get_ident() not in reckoned
