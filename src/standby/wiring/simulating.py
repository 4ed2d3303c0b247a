"""What another policy would have done, out of the ledger, with or without a gateway."""

import asyncio
from collections.abc import Callable

from standby.adapters.host.paths import Paths
from standby.adapters.host.prices_file import shipped_prices
from standby.adapters.ledger.replaying import SqliteHistory
from standby.app.simulating import simulated
from standby.core.policy.modes import Mode
from standby.core.policy.replay import Wanted
from standby.core.policy.replay import told as told_of
from standby.core.settings import Policy as PolicySettings
from standby.core.wire.json import JSON
from standby.wiring.kinds import RULES
from standby.wiring.policies import borders_in

__all__ = ["simulation_of"]


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
