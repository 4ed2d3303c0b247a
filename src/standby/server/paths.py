"""Which paths are the gateway's own. All others are the cloud's."""

from typing import Final

__all__ = ["API", "CHANGED", "METRICS", "PREFIX", "is_ours"]

PREFIX: Final = "/standby/"
API: Final = "/standby/api/v1/"
CHANGED: Final = f"{API}use"
"""The one path by which our own page may change something."""
METRICS: Final = "/metrics"
"""Where every scraper looks; the cloud has no such path."""


def is_ours(path: str) -> bool:
    """Whether a path is for whoever has the token, whatever the cloud knows of them."""
    return path.startswith(PREFIX) or path == METRICS
