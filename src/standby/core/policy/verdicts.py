"""What a routing rule is given, and what it may say."""

from collections.abc import Callable
from dataclasses import dataclass

from standby.core.models.facts import LocalModel
from standby.core.policy.features import NOTHING, Features
from standby.core.policy.loops import Loop
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.pace import EASY, Pace
from standby.core.policy.privacy import Border
from standby.core.policy.thread import NEW, Thread
from standby.core.quota.machine import Admission
from standby.core.wire.purpose import Purpose

__all__ = ["Candidate", "Facts", "Machine", "Rule", "Score", "Verdict", "Veto"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could serve the request."""

    name: str
    """Unique among the candidates."""
    is_cloud: bool
    model: LocalModel | None = None
    """The local model; ``None`` for the cloud, and for an engine that has none to offer."""
    rests: bool = False
    """Its engine has failed again and again, and is left alone for a while."""
    wait_s: float | None = None
    """How long the answer is expected to take to begin, from what was measured; ``None``: nothing
    was."""
    ability: float | None = None
    """What an audition has found for this kind of work, from 0 to 1; ``None``: there was none."""


@dataclass(frozen=True, slots=True)
class Machine:
    """How this machine is off now. ``None``: it does not say."""

    battery: float | None = None
    """What is left in the battery, from 0 to 1, while it runs on it."""
    memory: float | None = None
    """The share of memory that is free."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may look at."""

    model: str
    """The model that the request names."""
    purpose: Purpose
    admission: Admission
    """Whether the quota lets the request go to the cloud."""
    why: str
    """Why it does not, in words; empty while the quota is open."""
    trusted: bool
    """Whether the caller may be answered by a local model."""
    credential: bool
    """Whether the request carries a cloud credential."""
    until: float | None = None
    """When the cloud is asked again, in seconds since the epoch, where that is known."""
    mode: Mode = Mode.AUTO
    preferred: str = ""
    """The local model that the user has chosen, by any of its names; empty: none."""
    chosen: bool = False
    """Whether the mode was chosen for just such requests: for this project, or this session."""
    now: float = 0.0
    """Seconds since the epoch."""
    thread: Thread = NEW
    """Where the conversation stands."""
    session: str = ""
    """Its name, where the client gives one."""
    features: Features = NOTHING
    """What the body says, read when a rule asks for it."""
    pace: Pace = EASY
    """How hard the quota must be spared."""
    borders: tuple[Border, ...] = ()
    """Where the project's data may not go."""
    machine: Machine = Machine()
    second_opinion: SecondOpinion = SecondOpinion.OFF
    """Who goes on where a local model goes round in circles."""

    @property
    def begun_by(self) -> str:
        """Who began the turn that the request is in the middle of, by name; empty: nobody has."""
        return self.thread.by if self.thread.by and self.features.in_loop else ""

    @property
    def loop(self) -> Loop | None:
        """How the local model that is in the middle of this turn goes round in circles.

        ``None``: it does not, none is, or nobody wants to know.
        """
        if self.second_opinion is SecondOpinion.OFF or not self.thread.is_local:
            return None
        return self.features.loop


@dataclass(frozen=True, slots=True)
class Veto:
    """A candidate cannot serve the request, and why, in words for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """How much a rule is for a candidate, in points, and why; points below 0 are against it."""

    points: int
    why: str


Verdict = Veto | Score | None
Rule = Callable[[Facts, Candidate], Verdict]
