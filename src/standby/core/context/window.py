"""The window of a local model: how much of it a request may fill, and how much is the answer's.

What is left out of a request that does not fit is in :mod:`standby.core.context.fit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from standby.core.context.measure import Gauge
from standby.core.wire.json import JSON

__all__ = ["FEWEST_TOKENS", "Window", "output_budget"]

FEWEST_TOKENS: Final = 16
"""What an answer may always have. With less the model cannot even say that there is no room."""

_USUAL_TOKENS: Final = 4096
"""For a request that names no limit; the API demands one."""

_RESERVE: Final = 4096
"""Room for an answer that a request leaves: enough for a turn with a tool call, or for a file."""
_RESERVE_PART: Final = 8
_SUMMARY_RESERVE: Final = 8192
_SUMMARY_PART: Final = 6
_PORTION_PART: Final = 8
_PORTION_BYTES_PER_TOKEN: Final = 3


@dataclass(frozen=True, slots=True)
class Window:
    """A model's window, and how requests are measured for it."""

    tokens: int
    gauge: Gauge = field(default_factory=Gauge)
    sees: bool = False
    """Whether images are shown to the model."""

    def reserve(self, asked_max: int | None, *, summary: bool = False) -> int:
        """Return how many tokens of the window are kept for the answer."""
        usual, part = (_SUMMARY_RESERVE, _SUMMARY_PART) if summary else (_RESERVE, _RESERVE_PART)
        wanted = usual if asked_max is None else max(asked_max, 1)
        return max(FEWEST_TOKENS, min(wanted, usual, self.tokens // part))

    def room(self, body: Mapping[str, JSON], *, summary: bool = False) -> int:
        """Return how many tokens a request may come to."""
        asked = body.get("max_tokens")
        reserve = self.reserve(asked if isinstance(asked, int) else None, summary=summary)
        return max(1, self.tokens - reserve)

    @property
    def portion(self) -> int:
        """How many bytes are cut at a time: the same for a window, whatever the gauge says."""
        return max(1, self.tokens * _PORTION_BYTES_PER_TOKEN // _PORTION_PART)


def output_budget(asked_max: int | None, prompt_tokens: int, context: int | None) -> int:
    """Return how many tokens an answer may have: what was asked, as far as the window has room.

    ``context`` is the window in tokens, ``None`` when the server does not say.
    """
    asked = max(1, _USUAL_TOKENS if asked_max is None else asked_max)
    if context is None:
        return asked
    return min(asked, max(FEWEST_TOKENS, context - prompt_tokens))
