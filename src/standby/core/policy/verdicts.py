"""What a routing rule is given, and what it may say."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from standby.core.models.facts import LocalModel
from standby.core.quota.machine import Admission
from standby.core.wire.asked import Purpose

__all__ = ["Candidate", "Facts", "Mode", "Rule", "Score", "Verdict", "Veto"]


class Mode(enum.Enum):
    """What the user has decided for all requests."""

    AUTO = "auto"
    """The cloud while it serves, else a local model."""
    CLOUD = "cloud"
    """Never a local model, but when a request names one."""
    LOCAL = "local"
    """Never the cloud."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could serve the request."""

    name: str
    """Unique among the candidates."""
    is_cloud: bool
    model: LocalModel | None = None
    """The local model; ``None`` for the cloud, and for an engine that has none to offer."""


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


@dataclass(frozen=True, slots=True)
class Veto:
    """A candidate cannot serve the request, and why, in words for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """How much a rule is for a candidate, in points, and why."""

    points: int
    why: str


Verdict = Veto | Score | None
Rule = Callable[[Facts, Candidate], Verdict]
