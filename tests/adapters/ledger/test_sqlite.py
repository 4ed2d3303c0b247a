"""The ledger takes every entry at once and loses none, or counts it; no request ever waits."""

import asyncio
import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest

from standby.adapters.ledger.sqlite import SqliteLedger
from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed
from standby.ports import Ledger

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
DAY_S = 86_400.0
ENTRY = Entry(
    id="req_0",
    at=NOW,
    session="s",
    account="a",
    requested="claude",
    answered="tiny",
    by="local",
    why="the 5-hour limit",
    outcome="ok",
    status=200,
    tokens=Tokens(1, 2, 3, 4),
    first_token_s=0.25,
    duration_s=1.5,
)


@dataclasses.dataclass
class Noon:
    """A clock that stands."""

    def now(self):
        return NOW

    def ticks(self):
        return 0.0

    def told(self, at):
        return str(at)


def some(count, first=0, **changes):
    return tuple(replace(ENTRY, id=f"req_{first + n}", **changes) for n in range(count))


@asynccontextmanager
async def opened(path, **words):
    ledger = SqliteLedger(path, Noon(), retry_s=0.02, **words)
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


async def until(true):
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  # a thread has no event for each thing it does
            await asyncio.sleep(0.005)


def count(path):
    with closing(sqlite3.connect(path)) as connection:
        assert ("ok",) == connection.execute("PRAGMA quick_check").fetchone()
        return connection.execute("SELECT count(*) FROM requests").fetchone()[0]


async def test_it_keeps_the_port(path):
    async with opened(path) as ledger:
        port: Ledger = ledger
        port.book(ENTRY)
        assert (ENTRY,) == await port.recent(5)


async def test_the_newest_come_first(path):
    entries = some(20)
    async with opened(path) as ledger:
        for one in entries:
            ledger.book(one)

        assert entries[:14:-1] == await ledger.recent(5)
        assert entries[::-1] == await ledger.recent(100)
        assert () == await ledger.recent(0)
        assert () == await ledger.recent(-1)


async def test_the_order_is_that_of_arrival_though_the_clock_goes_back(path):
    later, earlier = replace(ENTRY, id="1", at=NOW), replace(ENTRY, id="2", at=NOW - 7200)
    async with opened(path) as ledger:
        ledger.book(later)
        ledger.book(earlier)

        assert (earlier, later) == await ledger.recent(2)


async def test_the_same_entry_twice_counts_once(path):
    async with opened(path) as ledger:
        for one in (*some(3), *some(3), replace(ENTRY, why="again")):
            ledger.book(one)

        assert some(3)[::-1] == await ledger.recent(10)


async def test_what_was_booked_is_there_after_a_restart(path):
    async with opened(path) as ledger:
        for one in some(1000):
            ledger.book(one)
    async with opened(path) as ledger:
        assert some(1000)[::-1] == await ledger.recent(1000)
        assert 0 == ledger.lost
        assert ledger.degraded is None


async def test_what_an_answer_would_change_is_kept_with_it_and_never_without(path):
    [one] = some(1)
    async with opened(path) as ledger:
        ledger.book(one)
        ledger.did(one.id, [Deed("Write", "a.py"), Deed("Bash", "half \ud800 a pair")])
        ledger.did(one.id, [Deed("Edit", "again")])
        ledger.did("nobody", [Deed("Write", "b.py")])

    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM deeds ORDER BY n").fetchall()
    assert [(one.id, 0, "Write", "a.py"), (one.id, 1, "Bash", "half ? a pair")] == rows


async def test_before_opening_and_after_closing_entries_are_counted_as_lost(path):
    ledger = SqliteLedger(path, Noon())
    ledger.book(ENTRY)
    assert () == await ledger.recent(1)
    await ledger.close()
    await ledger.open()
    await ledger.close()
    ledger.book(ENTRY)

    assert 2 == ledger.lost
    assert () == await ledger.recent(1)


async def test_a_flood_is_bounded_and_every_entry_is_kept_or_counted(path):
    async with opened(path) as ledger:
        for one in some(20_000):
            ledger.book(one)
        assert ledger._messages.qsize() <= 4096 + 1
        assert 1 == len(await ledger.recent(1))
        kept = count(path)

    assert 20_000 == kept + ledger.lost
    assert kept >= 4096


async def test_half_a_surrogate_and_a_monstrous_number_break_nothing(path):
    odd = replace(ENTRY, session="\ud83d", status=2**80, duration_s=float("nan"))
    async with opened(path) as ledger:
        ledger.book(odd)

        assert (replace(odd, session="?", status=2**63 - 1, duration_s=0.0),) == (
            await ledger.recent(1)
        )
        assert ledger.degraded is None


async def test_old_entries_go_in_small_batches_and_young_ones_stay(path):
    async with opened(path) as ledger:
        for one in (*some(1200, at=NOW - 8 * DAY_S), *some(3, first=5000, at=NOW - 6 * DAY_S)):
            ledger.book(one)
        await ledger.recent(1)

    async with opened(path, keep_days=7) as ledger:
        await until(lambda: count(path) == 3)
        assert some(3, first=5000, at=NOW - 6 * DAY_S)[::-1] == await ledger.recent(10)


async def test_two_gateways_share_one_file(path):
    async with opened(path) as one, opened(path) as other:
        for mine, theirs in zip(some(500), some(500, first=500), strict=True):
            one.book(mine)
            other.book(theirs)
            if mine.id.endswith("00"):
                await one.recent(1)
        await one.recent(1)
        await other.recent(1)

        assert 1000 == count(path)
        assert (0, 0) == (one.lost, other.lost)


async def test_while_another_process_holds_the_file_nobody_waits_and_nothing_is_lost(path):
    async with opened(path) as ledger:
        ledger.book(ENTRY)
        await ledger.recent(1)
        holder = await asyncio.to_thread(sqlite3.connect, path, check_same_thread=False)
        try:
            await asyncio.to_thread(holder.execute, "BEGIN IMMEDIATE")
            for one in some(10, first=1):
                ledger.book(one)
            await asyncio.to_thread(holder.execute, "ROLLBACK")
        finally:
            await asyncio.to_thread(holder.close)

        assert 11 == len(await ledger.recent(100))


async def test_a_folder_that_cannot_be_written_degrades_the_ledger_until_it_can(tmp_path, caplog):
    (tmp_path / "state").write_text("a file where a folder should be")
    async with opened(tmp_path / "state" / "ledger.sqlite3") as ledger:
        ledger.book(ENTRY)
        await until(lambda: ledger.degraded)
        assert () == await ledger.recent(1)
        assert "rows are kept in memory" in caplog.text

        (tmp_path / "state").unlink()
        await until(lambda: ledger.degraded is None)

        assert (ENTRY,) == await ledger.recent(1)
        assert 0 == ledger.lost


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
async def test_a_read_only_folder_degrades_the_ledger(tmp_path):
    tmp_path.chmod(0o500)
    try:
        async with opened(tmp_path / "ledger.sqlite3") as ledger:
            ledger.book(ENTRY)
            await until(lambda: ledger.degraded)
    finally:
        tmp_path.chmod(0o700)


async def test_a_degraded_ledger_keeps_the_newest_and_counts_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("standby.adapters.ledger.writer._MOST_KEPT", 10)
    (tmp_path / "state").write_text("")
    async with opened(tmp_path / "state" / "ledger.sqlite3") as ledger:
        for one in some(25):
            ledger.book(one)
        await until(lambda: ledger.lost == 15)
        (tmp_path / "state").unlink()
        await until(lambda: ledger.degraded is None)

        assert some(10, first=15)[::-1] == await ledger.recent(100)


@pytest.mark.parametrize("harm", ["garbage", "cut in half", "a page overwritten"])
async def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path, harm, caplog):
    async with opened(path) as ledger:
        for one in some(2000):
            ledger.book(one)
    data = path.read_bytes()
    match harm:
        case "garbage":
            data = b"no database " * 4096
        case "cut in half":
            data = data[: len(data) // 2]
        case _:
            data = data[: 4096 * 3] + bytes(4096) + data[4096 * 4 :]
    path.write_bytes(data)

    async with opened(path) as ledger:
        ledger.book(ENTRY)

        assert (ENTRY,) == await ledger.recent(10)
        assert ledger.degraded is None
    [aside] = path.parent.glob("ledger.sqlite3.damaged-*")
    assert data == aside.read_bytes()
    assert "a new one is begun" in caplog.text


async def test_a_file_that_is_damaged_again_is_left_to_a_person(path):
    path.write_bytes(b"no database " * 4096)
    ledger = SqliteLedger(path, Noon())
    ledger._writer._set_aside = True
    await ledger.open()
    ledger.book(ENTRY)
    await until(lambda: ledger.lost == 1)

    assert "damaged again" in ledger.degraded
    assert ["ledger.sqlite3"] == [one.name for one in path.parent.iterdir()]
    await ledger.close()


async def test_a_ledger_of_a_later_version_is_left_alone_and_off(path, caplog):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    async with opened(path) as ledger:
        ledger.book(ENTRY)
        await until(lambda: ledger.lost == 1)

        assert "written by a later version of standby" in ledger.degraded
        assert () == await ledger.recent(1)
        ledger.book(ENTRY)
        await until(lambda: ledger.lost == 2)
    assert "there is no ledger until the next start" in caplog.text
    assert before == path.read_bytes()


async def test_nothing_is_written_but_the_entry(path):
    async with opened(path) as ledger:
        ledger.book(ENTRY)
    with closing(sqlite3.connect(path)) as connection:
        [row] = connection.execute("SELECT * FROM requests").fetchall()

    assert (
        *(1, "req_0", NOW, "s", "a", "claude", "tiny", "local", "the 5-hour limit", "ok", 200),
        *(1, 2, 3, 4, 0.25, 1.5, "[]", "", 0, 0),
    ) == row


BOOKS = """
import asyncio, contextlib, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_sqlite import ENTRY, SqliteLedger, Noon

async def main():
    ledger = SqliteLedger(Path(sys.argv[1]), Noon(), retry_s=0.02)
    await ledger.open()
    {body}

asyncio.run(main())
"""


def child(body, path, *before):
    code = BOOKS.format(
        tests=os.path.dirname(__file__), body=textwrap.indent(textwrap.dedent(body), "    ").strip()
    )
    return [*before, sys.executable, "-c", code, str(path)]


WRITES = """
number = int(sys.argv[2])
while True:
    for _ in range(7):
        ledger.book(replace(ENTRY, id=f"req_{number}"))
        number += 1
    [newest] = await ledger.recent(1)
    print(newest.id.removeprefix("req_"), flush=True)
"""


def test_a_process_killed_while_it_writes_loses_nothing_that_was_there(path):
    told = -1
    for _ in range(20):
        with subprocess.Popen(
            [*child(WRITES, path), str(told + 1)], stdout=subprocess.PIPE, text=True
        ) as process:
            for _ in range(20):
                told = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split()
        told = max([told, *(int(line) for line in rest[:-1])])

        with closing(sqlite3.connect(path)) as connection:
            assert ("ok",) == connection.execute("PRAGMA quick_check").fetchone()
            rows = connection.execute("SELECT id FROM requests ORDER BY seq").fetchall()
        numbers = [int(id_.removeprefix("req_")) for (id_,) in rows]
        assert [*range(len(numbers))] == numbers
        assert told < len(numbers)


FILLS = """
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = sys.argv[2]
    if room == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    ballast = Path(sys.argv[1]).with_name("ballast")
    if room == "disk":
        ballast.write_bytes(bytes(700_000))
    number = 0
    async with asyncio.timeout(30):
        while ledger.degraded is None:
            ledger.book(replace(ENTRY, id=f"req_{number}", why="x" * 1000))
            number += 1
            await asyncio.sleep(0.0005)
        why = ledger.degraded
        for _ in range(100):
            ledger.book(replace(ENTRY, id=f"req_{number}"))
            number += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        ballast.unlink(missing_ok=True)
        while ledger.degraded is not None or await ledger.recent(1) == ():
            await asyncio.sleep(0.01)
        [newest] = await ledger.recent(1)
        await ledger.close()
    print(f"{number - 1} {newest.id} {ledger.lost} {why}")
"""


def filled(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=40, check=False)
    assert 0 == done.returncode, done.stderr
    last, newest, lost, why = done.stdout.split(maxsplit=3)
    return last, newest.removeprefix("req_"), int(lost), why


@pytest.mark.skipif(os.name != "posix", reason="limits of processes are of POSIX")
def test_a_full_disk_degrades_the_ledger_and_loses_nothing_once_there_is_room(path):
    last, newest, lost, why = filled([*child(FILLS, path), "limit"])

    assert why
    assert last == newest
    assert int(last) + 1 == count(path) + lost


needs_a_file_system = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"),
    reason="a file system of its own needs root, on Linux",
)


@needs_a_file_system
def test_a_file_system_that_is_full_degrades_the_ledger_until_there_is_room(tmp_path):
    mounted = 'mount -t tmpfs -o size=1m tmpfs "$0" || exit 77; exec "$@"'
    arguments = ["unshare", "-m", "sh", "-c", mounted, str(tmp_path)]
    if subprocess.run(
        [*arguments, "true"], capture_output=True, timeout=30, check=False
    ).returncode:
        pytest.skip("no file system can be mounted here")

    last, newest, _, why = filled([*arguments, *child(FILLS, tmp_path / "l"), "disk"])

    assert "full" in why
    assert last == newest


GIVES_UP = """
    from standby.adapters.ledger import ballast
    ballast.PLENTY_BYTES = 0
    room = Path(sys.argv[1]).with_name("l.ballast")
    async with asyncio.timeout(30):
        while not room.exists():
            await asyncio.sleep(0.005)
        rest = Path(sys.argv[1]).with_name("rest")
        with rest.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        number = 0
        while room.exists():
            assert ledger.degraded is None
            ledger.book(replace(ENTRY, id=f"req_{number}", why="x" * 1000))
            number += 1
            await asyncio.sleep(0.005)
        ledger.book(replace(ENTRY, id="req_last"))
        [newest] = await ledger.recent(1)
        why = ledger.degraded
        await ledger.close()
    print(f"last {newest.id} {ledger.lost} {why}")
"""


@needs_a_file_system
def test_room_that_was_laid_by_lets_a_ledger_go_on_when_the_disk_is_full(tmp_path):
    mounted = 'mount -t tmpfs -o size=3m tmpfs "$0" || exit 77; exec "$@"'
    arguments = ["unshare", "-m", "sh", "-c", mounted, str(tmp_path)]
    if subprocess.run(
        [*arguments, "true"], capture_output=True, timeout=30, check=False
    ).returncode:
        pytest.skip("no file system can be mounted here")

    assert ("last", "last", 0, "None\n") == filled(
        [*arguments, *child(GIVES_UP, tmp_path / "l"), "disk"]
    )


async def test_a_ledger_that_has_gone_back_in_time_says_so_once(path, caplog):
    async with opened(path) as ledger:
        for one in some(10):
            ledger.book(one)
    before = path.read_bytes()
    async with opened(path) as ledger:
        for one in some(50, first=10):
            ledger.book(one)
    path.write_bytes(before)
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
    assert "gone back" not in caplog.text

    for _ in range(2):
        async with opened(path) as ledger:
            assert 10 == len(await ledger.recent(100))

    assert 1 == caplog.text.count("gone back in time: its last 50 rows are missing")


async def test_a_new_ledger_in_place_of_one_that_was_taken_away_has_not_gone_back(path, caplog):
    async with opened(path) as ledger:
        ledger.book(ENTRY)
    path.unlink()
    async with opened(path) as ledger:
        ledger.book(ENTRY)
        assert (ENTRY,) == await ledger.recent(10)

    assert "gone back" not in caplog.text
