"""What one request waits for, kept where both ends can see it.

Whoever asks the engine notes here what happens; the relay, which keeps the client alive, looks here
for what to tell it. What is worth telling, and when, is decided in :mod:`standby.core.waiting`.
"""

from dataclasses import replace
from typing import Final

from standby.core.dialects.openai_chat.blocks import begin
from standby.core.exchange import Sign
from standby.core.handback import marks
from standby.core.models.facts import LocalModel
from standby.core.models.speed import Progress, left_s
from standby.core.usage import Tokens
from standby.core.waiting import Told, Wait, due, words
from standby.ports import Clock, Dice

__all__ = ["LOOK_S", "Waiting"]

LOOK_S: Final = 2.0
"""How often it is worth looking here."""


class Waiting:
    """The wait of one request, if there is one just now."""

    def __init__(self, clock: Clock, dice: Dice) -> None:
        self._clock = clock
        self._dice = dice
        self._wait = Wait("", 0.0)
        self._model = ""
        self._shows = False
        self._seen: list[Progress] = []
        self._seen_at = 0.0
        self._expected_at: float | None = None
        self._told: Told | None = None
        self.active = False
        """There is a wait just now."""
        self.accepted = False
        """The engine has taken the request: what it says now is an answer, and no refusal."""

    def begins(self, model: LocalModel, *, shows: bool) -> None:
        """Note that a request has come to a model. ``shows``: its client can be told of a wait."""
        now = self._clock.ticks()
        self._wait = Wait(model.title, now, loading=not model.loaded)
        self._model, self._shows, self.active = f"local/{model.id}", shows, True
        self._asked_anew()

    def measured(self, tokens: int) -> None:
        """Note that the model is ready, and what the prompt comes to for it."""
        self._wait = replace(self._wait, loading=False, tokens=tokens)

    def queued(self, place: int, of: int, left_s: float | None) -> None:
        """Note the place among those who wait for a slot."""
        self._asked_anew()
        self._wait = replace(self._wait, place=place, of=of, left_s=left_s)

    def seated(self, expected_s: float | None) -> None:
        """Note that it has a slot, and how long its prompt usually takes."""
        self._asked_anew()
        self._wait = replace(self._wait, place=0, of=0, left_s=None)
        if expected_s is not None:
            self._expected_at = self._clock.ticks() + expected_s

    def reads(self, progress: Progress | None) -> None:
        """Note how far the engine has come; ``None``: it has only taken the request."""
        self.accepted = True
        if progress is not None and progress not in self._seen[-1:]:
            self._seen.append(progress)
            self._seen_at = self._clock.ticks()

    def over(self) -> None:
        """Note that the wait has ended, with content or without."""
        self.active = False

    def sign(self) -> Sign | None:
        """Return what the client is to be told now, if anything."""
        if not (self.active and self._shows):
            return None
        now = self._clock.ticks()
        wait = self._wait
        if not wait.place:
            progress = self._seen[-1] if self._seen else None
            wait = replace(wait, progress=progress, left_s=self._left_s(now))
        if not due(wait, now, self._told):
            return None
        self._told = Told(now, words(wait, now))
        message_id = self._dice.mint(marks.MESSAGE, marks.ID_LENGTH)
        return Sign(
            f"{self._told.words}\n", begin(message_id, self._model, Tokens(input=wait.tokens))
        )

    def _left_s(self, now: float) -> float | None:
        by_progress = left_s(self._seen)
        if by_progress is not None:
            return max(by_progress - (now - self._seen_at), 0.0)
        return None if self._expected_at is None else max(self._expected_at - now, 0.0)

    def _asked_anew(self) -> None:
        self._seen.clear()
        self._expected_at, self.accepted = None, False
