"""How long an engine may give no sign of getting on before it is taken to hang.

Between two signs, a token or a step of the prompt, lies at most one batch. It is waited for far
longer than that takes: to end an engine that works costs all that it has read.
"""

from typing import Final

__all__ = ["PATIENCE_S", "patience_s"]

PATIENCE_S: Final = 240.0
"""At least so long. In it a model that was asleep is loaded from a slow disk, too."""
_TIMES: Final = 5.0
"""Of what was seen: others may want the processors by now."""
_SLOWEST: Final = 5.0
"""Tokens a second that a machine reads which nobody has measured. With fewer the prompt of a coding
agent would take an hour."""


def patience_s(tokens: int, reading_s: float | None) -> float:
    """Return how long one is waited for that reads so many tokens without a sign, in seconds.

    ``reading_s`` is how long that takes by what was seen; ``None``: nobody knows.
    """
    usual_s = tokens / _SLOWEST if reading_s is None else reading_s
    return max(PATIENCE_S, usual_s * _TIMES)
