"""What can be told while no gateway runs: out of the files that it left.

It is imported by commands that are to be quick, and so knows no engine and no HTTP.
"""

import asyncio

from standby.adapters.host.clock import SystemClock
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.paths import Paths
from standby.adapters.host.prices_file import shipped_prices
from standby.adapters.ledger.reading import SqliteRecords
from standby.adapters.quota_store.file import FileStore
from standby.app.cloud.accounts import Accounts
from standby.app.showing.usage import Usage
from standby.core.usage.report import Now

__all__ = ["usage_of"]


async def usage_of(where: Paths) -> Usage:
    """Return the use case over the files alone; nothing is written."""
    clock = SystemClock()
    accounts = Accounts(FileStore(where.quota_file), clock, SystemDice(), ())
    await accounts.restore()
    records = SqliteRecords(where.ledger_file)
    prices = await asyncio.to_thread(shipped_prices)
    return Usage(accounts.snapshot, _nobody, records, clock, prices)


def _nobody() -> Now:
    return Now("nobody", "", "the gateway is not running", None, None, "")
