"""Llama 3 and 4, which do not think and write a call as bare JSON."""

import re
from typing import Final

from standby.core.models.sampling import Family, Sampling

__all__ = ["FAMILY"]

# Unverified: from the models' own generation settings. Templates of 3.1 take one call at a time.
FAMILY: Final = Family(
    name="llama",
    known_by=re.compile(r"^(?!.*deepseek).*llama-?[34]", re.IGNORECASE),
    plain=Sampling(temperature=0.6, top_p=0.9),
    formats=("llama_json", "llama_tag"),
)
