"""How a request is made to fit the window of a local model."""

from typing import Final

__all__ = ["FEWEST_TOKENS", "output_budget"]

FEWEST_TOKENS: Final = 16
"""What an answer may always have. With less the model cannot even say that there is no room."""

_USUAL_TOKENS: Final = 4096
"""For a request that names no limit; the API demands one."""


def output_budget(asked_max: int | None, prompt_tokens: int, context: int | None) -> int:
    """Return how many tokens an answer may have: what was asked, as far as the window has room.

    ``context`` is the window in tokens, ``None`` when the server does not say.
    """
    asked = max(1, _USUAL_TOKENS if asked_max is None else asked_max)
    if context is None:
        return asked
    return min(asked, max(FEWEST_TOKENS, context - prompt_tokens))
