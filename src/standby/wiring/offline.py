"""What can be told while no gateway runs: out of the files that it left."""

import asyncio
from collections.abc import Callable

from standby.adapters.host.clock import SystemClock
from standby.adapters.host.dice import SystemDice
from standby.adapters.host.paths import Paths
from standby.adapters.host.prices_file import shipped_prices
from standby.adapters.ledger.reading import SqliteRecords
from standby.adapters.ledger.replaying import SqliteHistory
from standby.adapters.quota_store.file import FileStore
from standby.app.accounts import Accounts
from standby.app.simulating import simulated
from standby.app.usage import Usage
from standby.core.policy.modes import Mode
from standby.core.policy.replay import Wanted
from standby.core.policy.replay import told as told_of
from standby.core.settings import Policy as PolicySettings
from standby.core.usage.report import Now
from standby.core.wire.json import JSON
from standby.wiring.kinds import RULES
from standby.wiring.policies import borders_in

__all__ = ["simulation_of", "usage_of"]


async def usage_of(where: Paths) -> Usage:
    """Return the use case over the files alone; nothing is written."""
    clock = SystemClock()
    accounts = Accounts(FileStore(where.quota_file), clock, SystemDice(), ())
    await accounts.restore()
    records = SqliteRecords(where.ledger_file)
    prices = await asyncio.to_thread(shipped_prices)
    return Usage(accounts.snapshot, _nobody, records, clock, prices)


async def simulation_of(
    where: Paths,
    policy: PolicySettings,
    mode: str | None,
    since: float,
    told: Callable[[int], None],
) -> dict[str, JSON]:
    """Return as JSON what a policy would have done since a moment. Raise :class:`RecordsError`.

    Borders by git remote are left out: which remotes a folder had then is not known.
    """
    wanted = Wanted(Mode(mode or policy.mode), borders_in(policy), policy.returns == "at-once")
    prices = await asyncio.to_thread(shipped_prices)
    history = SqliteHistory(where.ledger_file)
    found = await simulated(history, wanted, RULES.values(), prices, since, told)
    return {"mode": wanted.mode.value, "since": since, **told_of(found)}


def _nobody() -> Now:
    return Now("nobody", "", "the gateway is not running", None, None, "")
