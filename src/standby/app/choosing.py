"""What a person chooses while the gateway runs, and what of it counts now."""

from collections.abc import Callable, Mapping

from standby.app.policy import Policy, Said, UnknownModelError
from standby.app.reloading import Reloading
from standby.core.policy.choices import Choice, wanted
from standby.core.policy.modes import Mode
from standby.core.wire.json import JSON
from standby.ports import Clock

__all__ = ["ChoiceError", "Choosing"]


class ChoiceError(Exception):
    """The choice cannot be made; its message says why."""


class Choosing:
    """Takes choices, and tells which there are."""

    def __init__(
        self,
        policy: Policy,
        clock: Clock,
        reloading: Reloading | None = None,
        on_choice: Callable[[], None] = lambda: None,
    ) -> None:
        """``reloading`` says what has become of the settings in their file; ``on_choice`` is called
        when something else counts.
        """
        self._policy = policy
        self._clock = clock
        self.reloading = reloading
        self._on_choice = on_choice

    async def use(self, fields: Mapping[str, str]) -> dict[str, JSON]:
        """Make a choice and return what counts then. Raise :class:`ChoiceError`."""
        choice = wanted(fields, self._clock.now())
        if isinstance(choice, str):
            raise ChoiceError(choice)
        try:
            await self._policy.choose(choice)
        except UnknownModelError as error:
            raise ChoiceError(str(error)) from error
        self._on_choice()
        return self.told()

    def said_of(self, session: str = "", project: str = "") -> Said:
        """Return what was said of a conversation; of none in particular, what counts for all."""
        return self._policy.said_of(session, project)

    def told(self) -> dict[str, JSON]:
        """Return what counts now, every choice that has not ended, and what of it cannot be.

        ``tiers`` are the local models that the settings name for tiers of the cloud's; of the
        settings in their file, ``settings_fault`` is why they cannot be used, and
        ``settings_waiting`` those that count from the next start on.
        """
        choices: list[JSON] = [self._told(one) for one in self._policy.choices()]
        told: dict[str, JSON] = {**self._told(self._policy.mode), "choices": choices}
        if tiers := self._policy.stand_ins():
            told["tiers"] = [
                {"tier": tier, "model": model, "there": there} for tier, model, there in tiers
            ]
        if self.reloading is not None and self.reloading.fault:
            told["settings_fault"] = self.reloading.fault
        if self.reloading is not None and self.reloading.waiting:
            told["settings_waiting"] = [*self.reloading.waiting]
        return told

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
