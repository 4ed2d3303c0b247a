"""What is replayed is read from the ledger that the gateway wrote."""

import pytest

from standby.adapters.ledger.nothing import NoHistory
from standby.adapters.ledger.replaying import SqliteHistory
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.core.quota.windows import Window
from standby.core.request import Account
from standby.ports import RecordsError
from tests.fakes.clock import SetClock
from tests.fakes.replays import HOUR, NOW, entry, said

pytestmark = pytest.mark.anyio


@pytest.fixture
async def history(tmp_path):
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path, SetClock(NOW))
    await ledger.open()
    for number in range(5):
        ledger.book(entry(number, number * HOUR))
    ledger.decided("rq_3", said())
    ledger.saw(Account("a"), [Window("5h", 0.2, NOW + HOUR), Window("x", 0.1, None)], NOW)
    ledger.saw(Account("a"), [Window("5h", 0.3, NOW + HOUR)], NOW + 120)
    await ledger.close()
    return SqliteHistory(path)


async def test_rows_come_in_order_with_what_was_kept_of_them(history):
    rows = await history.rows(NOW + HOUR, 0, 100)

    assert ["rq_1", "rq_2", "rq_3", "rq_4"] == [row.entry.id for _, row in rows]
    assert [None, None, said(), None] == [row.said for _, row in rows]
    assert entry(1, HOUR) == rows[0][1].entry


async def test_rows_come_page_by_page(history):
    first = await history.rows(NOW, 0, 2)
    rest = await history.rows(NOW, first[-1][0], 100)

    assert (2, 3) == (len(first), len(rest))
    assert () == await history.rows(NOW, rest[-1][0], 100)


async def test_windows_come_with_their_resets(history):
    seen = await history.windows(NOW + 60)

    assert [("a", "5h", NOW + 120, 0.3, NOW + HOUR)] == [
        (one.account, one.name, one.at, one.used, one.resets_at) for one in seen
    ]
    assert {0.2, 0.1, 0.3} == {one.used for one in await history.windows(NOW)}


async def test_without_a_ledger_there_is_no_past(tmp_path):
    nowhere = SqliteHistory(tmp_path / "none.db")

    assert () == await nowhere.rows(0.0, 0, 10)
    assert () == await nowhere.windows(0.0)


async def test_a_ledger_that_cannot_be_read_is_refused_in_words(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database at all" * 100)

    with pytest.raises(RecordsError, match="damaged"):
        await SqliteHistory(path).windows(0.0)
    for asked in (NoHistory().rows(0.0, 0, 1), NoHistory().windows(0.0)):
        with pytest.raises(RecordsError, match="switched off"):
            await asked
