"""Rule: a conversation wants a window that holds it whole."""

from typing import Final

from standby.core.policy.verdicts import Candidate, Facts, Score, Verdict

__all__ = ["rule"]

_CUT: Final = -300
# Room for the answer, and for what the guess of the tokens may be wrong by.
_ROOM: Final = 0.85


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Be against a local model whose window would have to leave something out.

    No veto: where nobody else can answer, a conversation is made to fit.
    """
    model = candidate.model
    if model is None or model.context_tokens is None:
        return None
    if facts.features.tokens <= model.context_tokens * _ROOM:
        return None
    return Score(
        _CUT, f"its window of {model.context_tokens} tokens is small for {facts.features.tokens}"
    )
