"""Mistral, Ministral and Magistral; Magistral thinks between ``[THINK]`` tags."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling

__all__ = ["FAMILY"]

# Unverified: the vendor's guidance for Mistral Small; Magistral's is 0.7/0.95. Whether it thinks is
# in the system prompt, so it cannot be told here. Old templates want strictly alternating turns.
FAMILY: Final = Family(
    name="mistral",
    known_by=re.compile(r"^(?!.*devstral).*(?:mi(?:ni)?stral|magistral)", re.IGNORECASE),
    plain=Sampling(temperature=0.15),
    thinking=Sampling(temperature=0.7, top_p=0.95),
    formats=("mistral",),
)
