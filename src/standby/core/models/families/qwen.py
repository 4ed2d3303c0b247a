"""Qwen3 and later: the general models, which think or not as they are told."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling, Switch

__all__ = ["FAMILY"]

# From the model cards: 0.6/0.95/20/0 for coding with thinking, 0.7/0.8/20 without.
FAMILY: Final = Family(
    name="qwen",
    known_by=re.compile(r"^(?!.*deepseek).*qwen-?3(?!.*coder)", re.IGNORECASE),
    plain=Sampling(temperature=0.7, top_p=0.8, top_k=20),
    thinking=Sampling(temperature=0.6, top_p=0.95, top_k=20, min_p=0.0),
    switch=Switch.TEMPLATE,
    opens_thinking=True,  # unverified: the templates of 3.5 and later, and of the thinking 2507
    formats=("hermes", "qwen_xml"),
)
