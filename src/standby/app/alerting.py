"""Tells a person who looks elsewhere what has become of the quota and of who answers."""

import asyncio
from collections.abc import Callable
from typing import Final

from standby.app.cloud.accounts import Accounts
from standby.core.alerts import Level, Scene, Told, due
from standby.core.policy.modes import Mode
from standby.core.quota.windows import LENGTH_S
from standby.core.wire.json import JSON
from standby.ports import Clock, Notifier

__all__ = ["Alerting"]

EVERY_S: Final = 2.0
# Enough of a fingerprint to tell one's own accounts apart.
_SHOWN: Final = 8


class Alerting:
    """Looks now and then, in memory only, and tells what is due."""

    def __init__(
        self,
        glance: Callable[[], dict[str, JSON]],
        accounts: Accounts,
        notifier: Notifier | None,
        clock: Clock,
        every_s: float = EVERY_S,
    ) -> None:
        self._glance = glance
        self._accounts = accounts
        self.notifier = notifier
        """``None``: nobody wants to be told. Replaced when the settings are read again."""
        self._clock = clock
        self._every_s = every_s
        self._told = Told()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Tell what is due now."""
        if (notifier := self.notifier) is None:
            self._told = Told()  # whoever wants to be told later is not told of what was
            return
        self._told, alerts = due(self._told, self._scene(), self._clock.ticks())
        for alert in alerts:
            moment = "" if alert.until is None else f" {self._clock.told(alert.until)}"
            await notifier.tell(alert.title, f"{alert.words}{moment}".strip())

    def _scene(self) -> Scene:
        glance = self._glance()
        match glance:
            case {
                "answering": str(answering),
                "why": str(why),
                "until": until,
                "mode": mode,
                "stand_in": stand_in,
            }:
                return Scene(
                    answering=answering,
                    chosen=mode == Mode.LOCAL.value,
                    why=why,
                    until=until if isinstance(until, int | float) else None,
                    model=_key(stand_in),
                    levels=tuple(self._levels()),
                )
            case _:
                raise TypeError("a glance has these five fields")

    def _levels(self) -> list[Level]:
        accounts = self._accounts.snapshot()
        many = len(accounts) > 1
        return [
            Level(
                f"{window.name} ({name[:_SHOWN]})" if many else window.name,
                window.utilisation,
                window.resets_at,
            )
            for name, state in accounts
            for window in state.windows
            if window.name in LENGTH_S and window.utilisation is not None
        ]


def _key(stand_in: JSON) -> str:
    match stand_in:
        case {"key": str(key)}:
            return key
        case _:
            return ""
