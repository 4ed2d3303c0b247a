"""Usage is told out of the files while no gateway runs."""

import subprocess
import sys

import pytest

from standby.adapters.host.clock import SystemClock
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.paths import HOME, paths
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.adapters.quota_store.file import FileStore
from standby.app.cloud.accounts import Accounts
from standby.core.request import Account
from standby.core.usage import Entry, Tokens
from standby.wiring.offline import usage_of
from tests.fakes.replies import at, unified
from tests.fakes.rooms import READERS

pytestmark = pytest.mark.anyio


@pytest.fixture
def where(tmp_path):
    found = paths({HOME: str(tmp_path / "home")})
    found.make()
    return found


async def test_without_files_there_is_nothing_and_nothing_is_written(where):
    said = await (await usage_of(where)).report()

    assert ((), 0, "nobody") == (said.accounts, said.week.sums.requests, said.now.side)
    assert [] == [*where.state.iterdir()]


async def test_what_a_gateway_left_is_told(where):
    clock = SystemClock()
    ledger = SqliteLedger(where.ledger_file, clock)
    await ledger.open()
    accounts = Accounts(
        FileStore(where.quota_file), clock, SystemDice(), READERS, on_seen=ledger.saw
    )
    reply = unified(200, {"5h-utilization": "0.4", "5h-reset": at(0)})
    accounts.heard(Account("a" * 32), "opus", reply)
    await accounts.flush()
    ledger.book(
        Entry(
            *("r", clock.now() - 3600, "s", "a" * 32, "opus", "opus", "cloud", "why", "ok", 200),
            *(Tokens(1, 2), 0.1, 1.0),
        )
    )
    await ledger.close()

    said = await (await usage_of(where)).report()

    assert ["5h"] == [window.name for window in said.accounts[0].windows]
    assert 1 == said.week.sums.requests
    assert "the gateway is not running" == said.now.why


@pytest.mark.parametrize("heavy", ["aiohttp", "standby.adapters.engines", "psutil", "rich"])
def test_a_command_that_only_reads_files_waits_for_nothing_that_it_does_not_need(heavy):
    code = f"import sys, standby.wiring.offline; sys.exit({heavy!r} in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode
