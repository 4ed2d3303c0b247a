"""The report's groups as CSV, one line each: for a spreadsheet."""

import csv
import io
from typing import Final

from standby.cli.usage.said import each, part
from standby.core.wire.json import JSON

__all__ = ["sheet"]

_COLUMNS: Final = (
    *("key", "last_at", "requests", "ok", "saved", "switches", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "first_token_median_s", "first_token_p95_s"),
    *("tokens_per_s", "cloud_cost_usd", "local_cost_usd"),
)
# A cell that begins so is a formula to a spreadsheet; names come from elsewhere.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def sheet(said: JSON) -> str:
    """Return the lines, with a head."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for group in each(said, "groups"):
        lines.writerow([_cell(part(group, name)) for name in _COLUMNS])
    return out.getvalue().rstrip("\n")


def _cell(value: JSON) -> str | float | None:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULAS) else value
    return value if isinstance(value, int | float) else None
