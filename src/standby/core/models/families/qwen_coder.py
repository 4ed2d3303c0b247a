"""Qwen3-Coder and Qwen3-Coder-Next, which do not think."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling

__all__ = ["FAMILY"]

# Unverified: cards and quantisers disagree (0.7-1.0, 0.8-0.95, 20-40); this is the careful end.
FAMILY: Final = Family(
    name="qwen-coder",
    known_by=re.compile(r"qwen-?3.*coder", re.IGNORECASE),
    plain=Sampling(temperature=0.7, top_p=0.8, top_k=20, repeat_penalty=1.05),
    formats=("qwen_xml", "hermes"),
)
