"""Devstral, which does not think."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling

__all__ = ["FAMILY"]

FAMILY: Final = Family(  # vendor guidance, unverified
    name="devstral",
    known_by=re.compile(r"devstral", re.IGNORECASE),
    plain=Sampling(temperature=0.15),
    formats=("mistral",),
)
