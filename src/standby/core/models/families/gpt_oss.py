"""gpt-oss, which always thinks, and is told how hard."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling, Switch

__all__ = ["FAMILY"]

FAMILY: Final = Family(  # vendor guidance
    name="gpt-oss",
    known_by=re.compile(r"gpt-?oss", re.IGNORECASE),
    plain=Sampling(temperature=1.0, top_p=1.0),
    switch=Switch.EFFORT,
    formats=("harmony",),
)
