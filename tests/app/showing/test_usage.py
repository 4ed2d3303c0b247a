"""What is left, what was spent, who answered: one report."""

import asyncio

import pytest

from standby.adapters.host.prices_file import shipped_prices
from standby.app.showing.usage import Query, QueryError, Usage, query_of
from standby.core.quota.forecast import Sample
from standby.core.quota.state import AccountState
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Tokens
from standby.core.usage.report import Now
from standby.core.usage.sums import Line, Standing
from tests.fakes.clock import SetClock
from tests.fakes.records import HOUR, LostRecords, PaperRecords, sums

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0 // 86_400 * 86_400 + 12 * HOUR
DAY = 24 * HOUR
PRICES = shipped_prices()
OPUS = "claude-opus-5-5"
ME, OLD = Account("m" * 32), Account("o" * 32)
FIVE = Window("5h", 0.6, NOW + 4 * HOUR)
WEEK = Window("7d", 0.1, NOW + 3 * DAY)
ODD = Window("37d_moon", 0.2)
ACCOUNTS = ((OLD, AccountState()), (ME, AccountState((), (WEEK, FIVE, ODD), NOW - 60)))
LOCAL = Now("local", "desk/coder", "the 5-hour limit is reached", None, NOW + HOUR, "soon")


def line(hours_ago, by="cloud", requested=OPUS, *, key="", **rest):
    at = NOW - hours_ago * HOUR
    return Line(key or f"{at:.0f}", by, requested, sums(**rest), at)


async def report(records, query=Query(), accounts=ACCOUNTS, now=LOCAL):  # noqa: B008
    usage = Usage(lambda: accounts, lambda: now, records, SetClock(NOW), PRICES)
    return await usage.report(query)


async def test_an_empty_ledger_and_no_account_make_a_report_of_nothing():
    said = await report(PaperRecords(), accounts=(), now=Now("cloud", "", "", None, None, ""))

    assert ((), (), (), "") == (said.accounts, said.groups, said.switches, said.problem)
    assert 0 == said.today.sums.requests == said.week.sums.requests == said.chosen.sums.requests
    assert (24, NOW) == (len(said.hours), said.hours[-1][0])


async def test_today_the_week_and_what_was_asked_for_are_told():
    records = PaperRecords(
        line(1), line(13), line(2 * 24, "local", saved=1), line(20 * 24), line(7 * 24)
    )

    said = await report(records, Query(since=NOW - 30 * DAY))

    assert (1, 4, 5) == (
        said.today.sums.requests,
        said.week.sums.requests,
        said.chosen.sums.requests,
    )
    assert (0, 1) == (said.today.sums.saved, said.week.sums.saved)
    assert [("cloud", 3), ("local", 1)] == [(by, one.requests) for by, one in said.week.sides]


async def test_what_it_would_have_cost_is_told_by_who_answered():
    million = Tokens(input=1_000_000)
    records = PaperRecords(
        line(1, tokens=million),
        line(1, "local", tokens=million),
        line(1, "both", tokens=million),
        line(1, "local", "local/coder", tokens=million),
        line(1, "nobody", "claude-odd", tokens=million),
    )

    said = (await report(records)).today

    assert (4.0, 8.0, ("local/coder",)) == (said.cloud_cost, said.local_cost, said.unpriced)


async def test_the_account_used_last_comes_first_with_its_windows_the_shortest_first():
    said = await report(PaperRecords())

    assert [str(ME)[:8], str(OLD)[:8]] == [one.account for one in said.accounts]
    assert ["5h", "7d", "37d_moon"] == [one.name for one in said.accounts[0].windows]


async def test_a_window_has_what_is_left_its_reset_and_what_will_become_of_it():
    seen = tuple(Sample(NOW - (36 - i) * 300, i / 60) for i in range(37))
    before = Sample(NOW - 10 * HOUR, 0.9)
    records = PaperRecords(samples={ME: {"5h": (before, *seen)}})

    [five, *_] = (await report(records)).accounts[0].windows

    assert (0.6, NOW + 4 * HOUR, 4 * HOUR) == (
        five.forecast.used,
        five.resets_at,
        five.resets_in_s,
    )
    assert NOW < five.forecast.earliest < five.forecast.runs_out_at < NOW + 4 * HOUR
    assert f"{five.forecast.runs_out_at:.0f}" == five.runs_out_told
    assert seen[24:] == five.history  # the window began an hour ago


async def test_a_window_whose_reset_has_passed_is_fresh():
    state = AccountState((), (Window("5h", 1.0, NOW - 60, "rejected"),), NOW - HOUR)

    [five] = (await report(PaperRecords(), accounts=((ME, state),))).accounts[0].windows

    assert (0.0, 1.0, None, "", ()) == (
        five.forecast.used,
        five.forecast.left,
        five.resets_at,
        five.status,
        five.warnings,
    )


async def test_since_when_a_side_answers_is_told_by_the_ledger():
    standings = (
        Standing(ME, OPUS, "local", NOW - 90, "the limit"),
        Standing(ME, "claude-haiku-5-5", "cloud", NOW - 10, "serves"),
        Standing(OLD, OPUS, "local", NOW - 5, "the limit"),
    )

    assert NOW - 90 == (await report(PaperRecords(standings=standings))).now.since
    assert (await report(PaperRecords())).now.since is None


async def test_groups_come_the_newest_or_the_greatest_first():
    groups = {
        "day": (line(48, key="day 1"), line(24, key="day 2"), line(24, "local", key="day 2")),
        "model": (line(1, key="a"), line(2, key="b", requests=5)),
    }

    by_day = (await report(PaperRecords(groups=groups), Query(by="day"))).groups
    by_model = (await report(PaperRecords(groups=groups))).groups

    assert [("day 2", 2), ("day 1", 1)] == [(g.key, g.totals.sums.requests) for g in by_day]
    assert ["b", "a"] == [group.key for group in by_model]


async def test_a_ledger_that_cannot_be_read_leaves_the_windows_and_says_why():
    said = await report(LostRecords())

    assert "the ledger is damaged" == said.problem
    assert 0.6 == said.accounts[0].windows[0].forecast.used
    assert ("local", 0) == (said.now.side, said.week.sums.requests)


async def test_the_json_has_all_of_it():
    usage = Usage(lambda: ACCOUNTS, lambda: LOCAL, PaperRecords(line(1)), SetClock(NOW), PRICES)

    said = await usage.told({"by": "day", "since": f"{NOW - DAY:.0f}"})

    assert (1, NOW, "day", NOW - DAY) == (said["version"], said["at"], said["by"], said["since"])
    assert {"side": "local", "model": "desk/coder"}.items() <= said["now"].items()
    assert {"requests": 1, "output_tokens": 100, "tokens_per_s": 50.0}.items() <= said[
        "today"
    ].items()
    assert {"name": "5h", "used": 0.6, "left": 0.4}.items() <= said["accounts"][0]["windows"][
        0
    ].items()


async def test_what_was_booked_is_waited_for():
    told = []

    async def settle():
        told.append("settled")

    usage = Usage(
        lambda: (),
        lambda: LOCAL,
        PaperRecords(),
        SetClock(NOW),
        PRICES,
        settle=settle,
    )
    await usage.report()

    assert ["settled"] == told


async def test_a_writer_that_is_busy_is_not_waited_for_long():
    async def settle():
        await asyncio.Event().wait()

    usage = Usage(
        lambda: (), lambda: LOCAL, PaperRecords(line(1)), SetClock(NOW), PRICES, settle=settle
    )

    async with asyncio.timeout(5):
        assert 1 == (await usage.report()).week.sums.requests


def test_a_query_is_read_strictly():
    assert Query() == query_of({})
    assert Query(1.5, "session") == query_of({"since": "1.5", "by": "session"})


@pytest.mark.parametrize(
    "fields", [{"by": "moon"}, {"by": ""}, {"since": "x"}, {"since": "-1"}, {"since": "inf"}]
)
def test_what_makes_no_query_is_refused_in_words(fields):
    with pytest.raises(QueryError, match=r"by is session|since is a moment"):
        query_of(fields)


async def test_what_is_foreseen_is_looked_up_now_and_then_only():
    clock, records = SetClock(NOW), PaperRecords()
    usage = Usage(lambda: ACCOUNTS, lambda: LOCAL, records, clock, PRICES)
    before = await usage.foreseen()
    records.samples = None  # it is not asked again

    assert {"5h", "7d", "37d_moon"} == set(before)
    assert {"runs_out_at", "lasts"} == set(before["5h"])
    clock.passes(29)
    assert before == await usage.foreseen()
    clock.passes(2)
    with pytest.raises(TypeError):
        await usage.foreseen()


async def test_without_an_account_nothing_is_foreseen():
    usage = Usage(lambda: (), lambda: LOCAL, PaperRecords(), SetClock(NOW), PRICES)

    assert {} == await usage.foreseen()
