"""Rule: a local candidate needs a model that can write."""

import re
from typing import Final

from standby.core.policy.verdicts import Candidate, Facts, Verdict, Veto

__all__ = ["rule"]

# Servers list what they hold; only some say what it is for. These are the names in use for models
# that turn text into numbers, or sound into text.
_CANNOT_WRITE: Final = re.compile(
    r"(?:^|[^a-z])(?:embed(?:ding|dings)?|rerank(?:er)?|bge|minilm|whisper)(?:[^a-z]|$)"
    r"|(?:^|[^a-z])(?:e5|gte)-(?:small|base|large|mistral|qwen)"
)


def rule(facts: Facts, candidate: Candidate) -> Verdict:
    """Veto a local candidate without a model, or whose model only embeds, ranks or listens."""
    if candidate.is_cloud:
        return None
    if candidate.model is None:
        return Veto("it offers no model")
    if _CANNOT_WRITE.search(candidate.model.id.lower()):
        return Veto(f"{candidate.model.id!r} is not a model that writes")
    return None
