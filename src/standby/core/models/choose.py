"""Which family a model belongs to."""

from typing import Final

from standby.core.models.families import (
    deepseek,
    devstral,
    gemma,
    glm,
    gpt_oss,
    granite,
    llama,
    mistral,
    qwen,
    qwen_coder,
)
from standby.core.models.sampling import Family

__all__ = ["FAMILIES", "family_of"]

# The core may not walk a package: a test compares this table with the folder. No two of them know
# the same id, so their order does not matter.
FAMILIES: Final[tuple[Family, ...]] = (
    deepseek.FAMILY,
    devstral.FAMILY,
    gemma.FAMILY,
    glm.FAMILY,
    gpt_oss.FAMILY,
    granite.FAMILY,
    llama.FAMILY,
    mistral.FAMILY,
    qwen.FAMILY,
    qwen_coder.FAMILY,
)


def family_of(model_id: str) -> Family | None:
    """Return the family of a model; ``None`` when its id names none that we know."""
    return next((family for family in FAMILIES if family.known_by.search(model_id)), None)
