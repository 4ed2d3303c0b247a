"""What of the settings counts while the gateway runs: each part is given what is its own.

Which settings that are stands beside each of them, in ``standby.core.settings``; a test holds the
two together.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from standby.adapters.host.config_file import ConfigError, read_config
from standby.adapters.host.paths import Paths
from standby.app.alerting import Alerting
from standby.app.answering.notices import Notices
from standby.app.answering.switch import Switch
from standby.app.cloud.accounts import Accounts
from standby.app.cloud.candidate import CloudDeadlines, Line
from standby.app.local.admission import Admission
from standby.app.local.engines import Engines, Preference
from standby.app.policy import Policy
from standby.app.reloading import Reloading
from standby.app.warming.warm import Warming
from standby.core.quota.machine import QuotaRules
from standby.core.settings import Settings
from standby.core.warming import Terms
from standby.wiring.alerting import notifier_of
from standby.wiring.policies import wishes_of

__all__ = ["Live", "deadlines_of", "quota_rules_of", "reloading_of", "terms_of"]


@dataclass(frozen=True, slots=True)
class Live:
    """The parts of a running gateway that take other settings."""

    preferred: Callable[[Settings], Preference]
    """Says what the user named, also with ``models use``; it may read files."""
    policy: Policy
    engines: Engines
    accounts: Accounts
    line: Line
    admission: Admission
    notices: Notices
    switch: Switch
    warming: Warming
    alerting: Alerting
    keep_days: Callable[[int], None]
    """Tells the ledger how long to keep a row."""

    async def take(self, settings: Settings) -> None:
        """Have them count for what begins from now on."""
        local = settings.local
        preference = await asyncio.to_thread(self.preferred, settings)
        self.policy.wishes = wishes_of(settings, preference)
        # The window that engines are started with is theirs from the start on.
        context = self.engines.preference.context
        servers = self.engines.preference.servers
        self.engines.prefer(replace(preference, context=context, servers=servers))
        self.accounts.rules = quota_rules_of(settings)
        self.line.deadlines = deadlines_of(settings)
        self.admission.wait_s = local.wait_s
        self.notices.enabled = local.notice
        self.switch.keep_alive_s, self.switch.continues = local.keep_alive_s, local.continues
        self.warming.terms = terms_of(settings)
        self.alerting.notifier = notifier_of(settings.gateway.notify)
        self.keep_days(settings.ledger.keep_days)
        logging.getLogger().setLevel(settings.log.level.upper())


def reloading_of(
    running: Settings, where: Paths, take: Callable[[Settings], Awaitable[None]]
) -> Reloading:
    """Return what reads the settings again when their file has changed."""
    file = where.config_file
    return Reloading(partial(_stamp, file), partial(_read, file), running, take)


def quota_rules_of(settings: Settings) -> QuotaRules:
    """Return what the settings say of when to try the cloud again."""
    cloud = settings.cloud
    return QuotaRules(
        probe_every_s=cloud.probe_every_s,
        probe_often_s=cloud.probe_often_s,
        jitter_s=cloud.reset_jitter_s,
        overage_is_exhausted=cloud.overage == "exhausted",
    )


def deadlines_of(settings: Settings) -> CloudDeadlines:
    """Return what the settings say of how long to wait for the cloud."""
    cloud = settings.cloud
    return CloudDeadlines(
        burst_wait_s=cloud.burst_wait_s, first_byte_s=cloud.first_byte_s, idle_s=cloud.idle_s
    )


def terms_of(settings: Settings) -> Terms:
    """Return what the settings say of reading ahead."""
    local = settings.local
    return Terms(
        *(local.warm, local.warm_at / 100, local.warm_on_battery),
        *(local.warm_busy / 100, float(local.warm_hot_c)),
    )


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Settings | str:
    try:
        return read_config(path, os.environ).settings
    except ConfigError as error:
        return str(error)
