"""GLM-4.5 and later: sampled as for tool use, which is nearly all that is asked of it here."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling, Switch

__all__ = ["FAMILY"]

# Vendor and quantiser guidance for GLM-4.7-Flash: 0.7/1.0 for tool calls, 1.0/0.95 for talk.
FAMILY: Final = Family(
    name="glm",
    known_by=re.compile(r"glm-?[45]", re.IGNORECASE),
    plain=Sampling(temperature=0.7, top_p=1.0),
    switch=Switch.TEMPLATE,
    opens_thinking=True,  # unverified: templates since 4.6
    formats=("glm",),
)
