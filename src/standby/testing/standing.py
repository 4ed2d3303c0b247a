"""How an account of the fake cloud stands: what it was served, and which limit it has met."""

from dataclasses import dataclass, field, replace
from typing import Final

from standby.testing.limits import FORMS, Moment, Outcome

__all__ = ["Limit", "Standing"]

_FREE: Final = 100
"""Answers that an account without a limit would need to use up its five hours."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A quota of so many answers, and what comes when they are spent."""

    after: int
    form: str = "five_hour"
    """A name of :data:`~standby.testing.limits.FORMS`."""
    seconds: float = 18_000.0
    """From the first refusal to the reset."""
    windows: int = 1
    """How often it happens; after that the account has no limit."""


@dataclass(frozen=True, slots=True)
class _Spell:
    """A limit in force."""

    form: str
    until: float
    planned: bool = False
    """Came of the account's own quota, and counts as one of its windows."""


@dataclass(slots=True)
class Standing:
    """The quota of one account; changes with every request."""

    limit: Limit | None = None
    _served: int = 0
    """Answers since the last reset."""
    _spells: list[_Spell] = field(default_factory=list[_Spell])

    def exhaust(self, form: str, until: float) -> None:
        """Let a limit begin now."""
        if form not in FORMS:
            raise ValueError(f"no form named {form!r}; there are {', '.join(FORMS)}")
        self._spells.append(_Spell(form, until))

    def restore(self) -> None:
        """Let every limit that is in force end now."""
        self._spells.clear()
        self._served = 0

    def used(self) -> float:
        """Return the fraction of the quota that is spent."""
        whole = self.limit.after if self.limit else _FREE
        return min(1.0, self._served / whole) if whole else 1.0

    def served(self) -> None:
        """Count an answer."""
        self._served += 1

    def until(self) -> float:
        """Return when the last limit in force ends; 0 when there is none."""
        return max((spell.until for spell in self._spells), default=0.0)

    def judge(self, moment: Moment) -> Outcome:
        """Return what becomes of a request for work; ``None``: nothing stands in its way."""
        self._pass_time(moment.now)
        if self.limit and not self._spells and self._served >= self.limit.after:
            until = moment.now + self.limit.seconds
            self._spells.append(_Spell(self.limit.form, until, planned=True))
        for spell in self._spells:
            outcome = FORMS[spell.form](replace(moment, reset=spell.until))
            if outcome is not None:
                return outcome
        return None

    def _pass_time(self, now: float) -> None:
        ended = [spell for spell in self._spells if spell.until <= now]
        self._spells = [spell for spell in self._spells if spell.until > now]
        if ended:
            self._served = 0
        if self.limit and any(spell.planned for spell in ended):
            windows = self.limit.windows - 1
            limit = self.limit
            self.limit = Limit(limit.after, limit.form, limit.seconds, windows) if windows else None
