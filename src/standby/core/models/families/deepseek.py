"""DeepSeek V3 and R1 and later, and what was distilled from them."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling, Switch

__all__ = ["FAMILY"]

# Unverified: the sampling is the vendor's for R1, the switch that of V3.1 and later templates.
FAMILY: Final = Family(
    name="deepseek",
    known_by=re.compile(r"deepseek", re.IGNORECASE),
    plain=Sampling(temperature=0.6, top_p=0.95),
    switch=Switch.FLAG,
    opens_thinking=True,  # R1's template writes ``<think>`` itself
    formats=("deepseek",),
)
