"""What a bench proposed, and which proposals a person has adopted: one for each model and machine.

Only what is measured and said is here. What an engine is started with is decided in
:mod:`standby.core.models.tuning`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from standby.core.models.tuning import Tuning, read_tuning, tuning_json
from standby.core.wire.json import JSON

__all__ = ["Proposal", "Tuned", "read_tuned"]

_MOST: Final = 100
_PROPOSED: Final = "proposed"
_ADOPTED: Final = "adopted"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings that were faster than those that are computed."""

    model: str
    """The model's key."""
    engine_version: str
    machine: str
    tuning: Tuning
    at: float
    tokens: int
    """Length of the prompt that it was measured with."""
    before_s: float
    """What a turn took with the computed settings."""
    after_s: float

    @property
    def name(self) -> str:
        """The trial that it came from."""
        return self.tuning.measured

    @property
    def words(self) -> str:
        """What it brings, in words."""
        change = self.after_s / self.before_s - 1 if self.before_s else 0.0
        return (
            f"{self.name}: a turn behind {self.tokens:,} tokens takes {self.after_s:.1f} s instead"
            f" of {self.before_s:.1f} s ({change:+.0%})"
        )

    def as_json(self) -> dict[str, JSON]:
        """Return it for a file, or for a program."""
        return {
            "model": self.model,
            "engine_version": self.engine_version,
            "machine": self.machine,
            "tuning": tuning_json(self.tuning),
            "at": self.at,
            "tokens": self.tokens,
            "before_s": self.before_s,
            "after_s": self.after_s,
        }


@dataclass(frozen=True, slots=True)
class Tuned:
    """The proposals of this installation, and those that are in force; each oldest first."""

    proposed: tuple[Proposal, ...] = ()
    adopted: tuple[Proposal, ...] = ()

    def proposing(self, one: Proposal) -> Self:
        """Return them with a proposal in place of the one before for the same."""
        return replace(self, proposed=_with(self.proposed, one))

    def adopting(self, one: Proposal) -> Self:
        """Return them with a proposal in force."""
        return replace(self, adopted=_with(self.adopted, one))

    def forgetting(self, model: str) -> Self:
        """Return them without what is in force for a model; an empty name: for any."""
        left = tuple(one for one in self.adopted if model and one.model != model)
        return replace(self, adopted=left)

    def in_force(self, model: str, version: str, machine: str) -> Proposal | None:
        """Return what holds for a model, run by this version of its engine on this machine."""
        return _of(self.adopted, (model, version, machine))

    def proposal(self, model: str, version: str, machine: str) -> Proposal | None:
        """Return what was proposed last for a model."""
        return _of(self.proposed, (model, version, machine))

    def as_json(self) -> dict[str, JSON]:
        """Return them as members of a file that holds other things, too."""
        return {
            _PROPOSED: [one.as_json() for one in self.proposed],
            _ADOPTED: [one.as_json() for one in self.adopted],
        }


def read_tuned(saved: Mapping[str, JSON]) -> Tuned:
    """Return what a file holds; what is not understood in it is left out."""
    return Tuned(_listed(saved.get(_PROPOSED)), _listed(saved.get(_ADOPTED)))


def _listed(value: JSON) -> tuple[Proposal, ...]:
    read = [_proposal(one) for one in value] if isinstance(value, list) else []
    return tuple(one for one in read if one is not None)


def _proposal(value: JSON) -> Proposal | None:
    match value:
        case {
            "model": str(model),
            "engine_version": str(version),
            "machine": str(machine),
            "tuning": dict(kept),
            "at": float(at),
            "tokens": int(tokens),
            "before_s": float(before_s),
            "after_s": float(after_s),
        }:
            tuning = read_tuning(kept)
            if tuning is None:
                return None
            return Proposal(model, version, machine, tuning, at, tokens, before_s, after_s)
        case _:
            return None


def _with(those: tuple[Proposal, ...], one: Proposal) -> tuple[Proposal, ...]:
    others = (each for each in those if _place(each) != _place(one))
    return (*others, one)[-_MOST:]


def _of(those: tuple[Proposal, ...], place: tuple[str, str, str]) -> Proposal | None:
    return next((one for one in reversed(those) if _place(one) == place), None)


def _place(one: Proposal) -> tuple[str, str, str]:
    return one.model, one.engine_version, one.machine
