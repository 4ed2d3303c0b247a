"""How a switch-over is to be rehearsed."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["DrillClient", "DrillOptions"]

DrillClient: TypeAlias = Literal["auto", "sdk", "claude"]


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """What the person at the terminal asked for."""

    client: DrillClient = "auto"
    """Who talks to the gateway: the SDK, Claude Code, or the best that this machine has."""
    as_json: bool = False
    """Print one JSON object instead of a timeline."""
    keep: bool = False
    """Leave the drill's folder for a look at its log and ledger."""
