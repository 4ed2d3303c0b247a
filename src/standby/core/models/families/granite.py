"""Granite 3 and 4. Version 3 has a token for calls, version 4 writes as Hermes does."""

import re
from typing import Final

from standby.core.models.sampling import Family, Switch

__all__ = ["FAMILY"]

# No sampling is known that was checked: the server's own is as good. The switch is that of 3.2 and
# later templates, unverified.
FAMILY: Final = Family(
    name="granite",
    known_by=re.compile(r"granite", re.IGNORECASE),
    switch=Switch.FLAG,
    formats=("granite", "hermes"),
)
