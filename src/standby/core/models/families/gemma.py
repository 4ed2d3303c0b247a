"""Gemma 3 and 4. Gemma 4 has tokens for calls and thinks in a channel; 3 has neither."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling, Switch

__all__ = ["FAMILY"]

# Unverified: vendor guidance. Old templates know no system turn; servers put it before the first.
FAMILY: Final = Family(
    name="gemma",
    known_by=re.compile(r"gemma", re.IGNORECASE),
    plain=Sampling(temperature=1.0, top_p=0.95, top_k=64),
    switch=Switch.TEMPLATE,
    formats=("gemma", "fenced"),
)
