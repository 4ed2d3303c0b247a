"""What a person chooses while the gateway runs, and what of it counts now."""

from collections.abc import Callable, Mapping

from standby.app.policy import Policy, UnknownModelError
from standby.core.policy.choices import Choice, wanted
from standby.core.policy.modes import Mode
from standby.core.wire.json import JSON
from standby.ports import Clock

__all__ = ["ChoiceError", "Choosing"]


class ChoiceError(Exception):
    """The choice cannot be made; its message says why."""


class Choosing:
    """Takes choices, and tells which there are."""

    def __init__(self, policy: Policy, clock: Clock, fault: Callable[[], str] = lambda: "") -> None:
        """``fault`` says why the settings cannot be used as they stand in their file now."""
        self._policy = policy
        self._clock = clock
        self._fault = fault

    async def use(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Make a choice and return what counts then. Raise :class:`ChoiceError`."""
        choice = wanted(fields, self._clock.now())
        if isinstance(choice, str):
            raise ChoiceError(choice)
        try:
            await self._policy.choose(choice)
        except UnknownModelError as error:
            raise ChoiceError(str(error)) from error
        return self.told()

    @property
    def mode(self) -> Mode:
        """What counts for requests of which nothing special was said."""
        return self._policy.mode.mode or Mode.AUTO

    def told(self) -> dict[str, JSON]:
        """Return what counts now, and every choice that has not ended."""
        choices: list[JSON] = [self._told(one) for one in self._policy.choices()]
        told: dict[str, JSON] = {**self._told(self._policy.mode), "choices": choices}
        return {**told, "settings_fault": fault} if (fault := self._fault()) else told

    def _told(self, choice: Choice) -> dict[str, JSON]:
        return {
            "mode": (choice.mode or Mode.AUTO).value,
            "model": choice.model,
            "until": choice.until,
            "until_told": "" if choice.until is None else self._clock.told(choice.until),
            "session": choice.session,
            "project": choice.project,
            "words": choice.words,
        }
