"""Who tells a person that does not look, as the settings want it."""

from collections.abc import Awaitable, Callable

from standby.adapters.host.notifying import Bell, Desktop
from standby.app.accounts import Accounts
from standby.app.alerting import Alerting
from standby.core.wire.json import JSON
from standby.ports import Clock, Notifier

__all__ = ["alerts"]


def alerts(
    wanted: str, glance: Callable[[], dict[str, JSON]], accounts: Accounts, clock: Clock
) -> tuple[Callable[[], Awaitable[None]], ...]:
    """Return the chore that tells, by the name of the setting; none where nobody wants it."""
    notifier: Notifier
    match wanted:
        case "desktop":
            notifier = Desktop()
        case "bell":
            notifier = Bell()
        case _:
            return ()
    return (Alerting(glance, accounts, notifier, clock).watch,)
