"""The ledger is read beside the gateway that writes it, and without one."""

import datetime as dt
import sqlite3
import stat
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from standby.adapters.ledger.reading import SqliteRecords
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.core.quota.forecast import Sample
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.core.usage import Entry, Tokens
from standby.core.usage.sums import Standing, added
from standby.ports import RecordsError
from tests.fakes.clock import SetClock

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0 // 3600 * 3600
HOUR = 3600.0
ENTRY = Entry(
    id="r0",
    at=NOW,
    session="s",
    account="a",
    requested="opus",
    answered="opus",
    by="cloud",
    why="the cloud serves",
    outcome="ok",
    status=200,
    tokens=Tokens(1, 2, 3, 4),
    first_token_s=0.5,
    duration_s=1.5,
    project="/work",
)
LOCAL = replace(
    ENTRY, id="r1", at=NOW + HOUR, session="s/agent", answered="tiny", by="local", saved=True
)
OTHER = replace(ENTRY, id="r2", at=NOW + 2 * HOUR, session="t", project="")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "ledger.sqlite3"


@asynccontextmanager
async def written(path, *entries):
    ledger = SqliteLedger(path, SetClock(NOW + 3 * HOUR))
    await ledger.open()
    for entry in entries:
        ledger.book(entry)
    await ledger.recent(0)
    try:
        yield ledger
    finally:
        await ledger.close()


async def all_of(records):
    return (
        await records.lines(0, 2 * NOW, "all"),
        await records.entries(10),
        await records.switches(10),
        await records.sides(),
        await records.samples(Account("a"), 0),
    )


async def test_where_there_is_no_ledger_there_is_nothing(path):
    assert ((), (), (), (), {}) == await all_of(SqliteRecords(path))
    assert not path.exists()


async def test_an_empty_ledger_has_nothing(path):
    async with written(path):
        assert ((), (), (), (), {}) == await all_of(SqliteRecords(path))


async def test_sums_are_told_by_what_is_asked_for(path):
    async with written(path, ENTRY, LOCAL, OTHER):
        records = SqliteRecords(path)

        async def told(by):
            lines = await records.lines(NOW, NOW + 9 * HOUR, by)
            return sorted((line.key, line.by, line.sums.requests) for line in lines)

        assert [("", "cloud", 2), ("", "local", 1)] == await told("all")
        assert [("opus", "cloud", 2), ("tiny", "local", 1)] == await told("model")
        assert [("", "cloud", 1), ("/work", "cloud", 1), ("/work", "local", 1)] == await told(
            "project"
        )
        assert [("s", "cloud", 1), ("s", "local", 1), ("t", "cloud", 1)] == await told("session")
        hours = [(f"{NOW + i * HOUR:.0f}", by, 1) for i, by in enumerate(("cloud", "local"))]
        assert [*hours, (f"{NOW + 2 * HOUR:.0f}", "cloud", 1)] == await told("hour")


async def test_a_line_holds_all_sums(path):
    async with written(path, ENTRY, LOCAL, OTHER):
        lines = await SqliteRecords(path).lines(NOW, NOW + 2 * HOUR, "all")

    total = added(line.sums for line in lines)
    assert (2, 2, 1, 1) == (total.requests, total.ok, total.saved, total.switches)
    assert Tokens(2, 4, 6, 8) == total.tokens
    assert (3.0, 2.0, 4, 2) == (
        total.duration_s,
        total.stream_s,
        total.stream_tokens,
        sum(total.firsts),
    )
    assert 0.5 == pytest.approx(total.first_token_s(0.5), rel=0.42)
    assert {NOW, NOW + HOUR} == {line.last_at for line in lines}


async def test_only_whole_hours_that_begin_in_between_count(path):
    async with written(path, ENTRY, LOCAL, OTHER):
        lines = await SqliteRecords(path).lines(NOW + 1, NOW + 2 * HOUR, "hour")

    assert [f"{NOW + HOUR:.0f}"] == [line.key for line in lines]


async def test_entries_come_newest_first_with_their_numbers(path):
    async with written(path, ENTRY, LOCAL, OTHER):
        records = SqliteRecords(path)

        assert ((3, OTHER), (2, LOCAL)) == await records.entries(2)
        assert ((3, OTHER),) == await records.entries(9, after=2)


async def test_the_subagents_of_a_conversation_belong_to_it(path):
    alike = replace(OTHER, id="r3", session="s1")
    async with written(path, ENTRY, LOCAL, OTHER, alike):
        found = await SqliteRecords(path).entries(9, session="s")

    assert ((2, LOCAL), (1, ENTRY)) == found


async def test_switches_and_who_answers_since_when_are_told(path):
    async with written(path, ENTRY, LOCAL):
        records = SqliteRecords(path)

        assert (LOCAL,) == await records.switches(5)
        assert (
            Standing(Account("a"), "opus", "local", NOW + HOUR, LOCAL.why),
        ) == await records.sides()


async def test_windows_are_kept_where_they_change_and_once_a_minute(path):
    async with written(path) as ledger:
        for after_s, used, reset in (
            (0, 0.1, 9),
            (30, 0.2, 9),  # too soon
            (60, 0.2, 9),
            (120, 0.2, 9),  # no news
            (130, 0.0, 99),  # a reset
        ):
            ledger.saw(Account("a"), [Window("5h", used, NOW + reset), Window("7d")], NOW + after_s)
        ledger.saw(Account("b"), [Window("5h", 0.9, NOW)], NOW)
        await ledger.recent(0)

        found = await SqliteRecords(path).samples(Account("a"), NOW)
        later = await SqliteRecords(path).samples(Account("a"), NOW + 100)

    assert {"5h": (Sample(NOW, 0.1), Sample(NOW + 60, 0.2), Sample(NOW + 130, 0.0))} == found
    assert {"5h": (Sample(NOW + 130, 0.0),)} == later


async def test_a_ledger_that_no_gateway_has_open_is_read_and_stays_private(path):
    async with written(path, ENTRY):
        pass

    assert ((1, ENTRY),) == await SqliteRecords(path).entries(5)
    assert all(0 == stat.S_IMODE(f.stat().st_mode) & 0o077 for f in path.parent.iterdir())


@pytest.mark.parametrize(
    ("version", "words"),
    [(99, "written by a later version"), (2, "of an earlier version of standby")],
)
async def test_a_ledger_of_another_version_is_told_of(path, version, words):
    async with written(path, ENTRY):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()

    with pytest.raises(RecordsError, match=words):
        await SqliteRecords(path).entries(5)


async def test_a_damaged_ledger_is_told_of(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 100)

    with pytest.raises(RecordsError, match="the ledger is damaged"):
        await SqliteRecords(path).sides()


async def test_a_clock_that_goes_back_does_not_keep_windows_from_being_seen(path):
    async with written(path) as ledger:
        for after_s, used in ((7200, 0.1), (0, 0.2), (60, 0.3)):
            ledger.saw(Account("a"), [Window("5h", used, NOW + 9)], NOW + after_s)
        await ledger.recent(0)

        found = await SqliteRecords(path).samples(Account("a"), NOW)

    assert [0.2, 0.3, 0.1] == [sample.used for sample in found["5h"]]


async def test_two_gateways_on_one_file_keep_one_account_of_it(path):
    async with written(path) as one, written(path) as other:
        for i in range(200):
            ledger = one if i % 2 else other
            ledger.book(replace(ENTRY, id=f"r{i}", by="cloud" if i // 50 % 2 else "local"))
            ledger.book(replace(ENTRY, id=f"r{i // 2}"))  # one that may be there already
        await one.recent(0)
        await other.recent(0)

        records = SqliteRecords(path)
        [entries, lines] = await records.entries(1000), await records.lines(0, 2 * NOW, "session")

    assert 200 == len(entries) == added(line.sums for line in lines).requests
    assert (None, None) == (one.degraded, other.degraded)


async def test_days_are_those_of_this_place(path):
    async with written(path, ENTRY, LOCAL, OTHER):
        lines = await SqliteRecords(path).lines(NOW, NOW + 9 * HOUR, "day")

    days = {f"{dt.datetime.fromtimestamp(NOW + i * HOUR):%Y-%m-%d}" for i in range(3)}  # noqa: DTZ006
    assert days == {line.key for line in lines}
    assert 3 == added(line.sums for line in lines).requests


async def test_the_newest_of_each_conversation_is_found_with_its_subagents(path):
    many = [replace(ENTRY, id=f"m{n}", session=f"m{n}") for n in range(120)]
    async with written(path, ENTRY, LOCAL, OTHER, *many):
        ends = await SqliteRecords(path).ends(["s", "t", "nobody", *(one.id for one in many)])

    assert ("r1", "r2", 122) == (ends["s"].id, ends["t"].id, len(ends))
    assert {} == await SqliteRecords(path).ends([])
