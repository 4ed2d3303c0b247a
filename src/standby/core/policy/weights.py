"""What each feature of a turn weighs. Written by ``python bench/workload.py --fit``."""

from collections.abc import Mapping
from typing import Final

__all__ = ["WEIGHTS"]

WEIGHTS: Final[Mapping[str, tuple[float, ...]]] = {
    "asks to plan": (1.3, -0.2, -0.3, -0.1, -0.2, -0.1, -0.3),
    "asks to find the cause": (0.0, 0.2, 0.0, 0.1, -0.2, 0.0, 0.0),
    "asks to build": (-0.5, -0.4, 2.1, -0.4, -0.3, -0.2, -0.4),
    "asks for a small change": (-0.4, -0.6, 0.6, 1.9, -0.2, -0.5, -0.8),
    "asks to write out": (-0.2, -0.6, 0.0, -0.5, 1.3, 0.4, -0.4),
    "asks for fewer words": (0.0, -0.2, -0.1, -0.3, -0.3, 0.8, 0.0),
    "begins as a question": (0.5, -0.2, -0.4, -0.5, -0.4, 0.2, 0.9),
    "states something": (-0.4, 0.9, 0.3, 0.2, -0.2, -0.6, -0.3),
    "speaks of a plan": (2.6, -0.3, -0.3, -0.4, -0.4, -0.3, -0.9),
    "weighs what should be": (1.3, -0.4, -0.1, -0.1, -0.1, 0.0, -0.5),
    "asks for the cause": (-0.1, 1.0, -0.2, 0.0, -0.2, -0.1, -0.4),
    "something goes wrong": (-0.3, 2.2, -0.7, -0.1, -0.1, -0.4, -0.6),
    "something is not so": (0.0, 0.8, -0.2, 0.0, -0.2, -0.2, -0.2),
    "tells when it began": (-0.2, 1.1, -0.2, -0.4, -0.2, -0.1, -0.1),
    "shows what is seen": (0.0, 1.0, -0.1, -0.2, -0.2, -0.2, -0.2),
    "speaks of a feature": (0.1, 0.1, 1.4, -0.8, -0.2, -0.2, -0.4),
    "a change across the code": (-0.4, 0.0, 1.4, -0.5, -0.1, -0.2, -0.2),
    "says for whom": (0.3, -0.3, 0.6, -0.1, -0.2, -0.1, -0.2),
    "wants it tested and documented": (-0.1, -0.1, 0.7, -0.3, -0.1, -0.1, 0.0),
    "go on with what was agreed": (-0.1, -0.2, 0.9, -0.1, -0.2, -0.1, -0.1),
    "a small change said exactly": (-0.4, -0.1, -0.5, 1.3, 0.0, -0.2, -0.1),
    "written the same everywhere": (-0.1, -0.5, -0.2, -1.0, 2.4, -0.3, -0.3),
    "of the usual kind": (-0.2, -0.2, -0.3, 0.0, 0.8, 0.1, -0.1),
    "wants fewer words": (-0.6, -0.4, -0.7, -0.7, -0.2, 3.2, -0.6),
    "asks where or what": (-0.1, -0.3, -0.5, -0.4, -0.4, -0.3, 1.9),
    "asks a question": (0.8, -0.1, -0.4, -0.4, -0.4, -0.2, 0.7),
    "names a thing in code": (-0.2, -0.1, -0.4, 0.8, -0.1, -0.2, 0.2),
    "names a file": (-0.2, 0.4, 0.1, 0.3, 0.1, -0.3, -0.3),
    "shows an error": (-0.1, 0.6, -0.1, -0.2, -0.1, -0.1, -0.1),
    "names several parts": (0.0, -0.1, 0.6, -0.1, -0.2, 0.0, 0.0),
    "what was tried last failed": (0.0, 1.1, 0.0, 0.0, 0.0, 0.0, 0.0),
    "is said in a few words": (-0.7, -0.7, -0.3, 0.9, 0.1, 0.2, 0.6),
    "much is said": (0.2, 0.2, 0.4, 0.0, 0.0, 0.0, 0.0),
    "has many lines": (0.0, 0.3, -0.1, -0.1, -0.1, 0.0, 0.0),
}
