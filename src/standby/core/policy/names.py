"""The model names by which a request chooses a local model.

``local`` and ``claude-local`` mean any; ``local/NAME`` and ``claude-local/NAME`` one. Claude Code
shows only discovered ids that contain ``claude``, and so the advertised form does (2.1.330).
"""

import re
from collections.abc import Iterable
from typing import Final

from standby.core.models.facts import LocalModel

__all__ = ["ANY", "advertised", "chosen", "goes_by", "is_local_name", "matches", "tier_of"]

ANY: Final = "claude-local"
"""The name by which a client asks for whichever local model answers."""
_ANY: Final = (ANY, "local")
_LARGE_WINDOW: Final = "[1m]"
_PARTS: Final = re.compile(r"[a-z]+")


def is_local_name(model: str) -> bool:
    """Whether a request that names this model is for a local one, whatever the quota."""
    return chosen(model) is not None


def chosen(model: str) -> str | None:
    """Return the local model that a name asks for: empty for any, ``None`` for none at all."""
    name = model.strip().lower().removesuffix(_LARGE_WINDOW)
    for prefix in _ANY:
        if name == prefix:
            return ""
        if name.startswith(f"{prefix}/"):
            return name.removeprefix(f"{prefix}/")
    return None


def matches(model_name: str, model: LocalModel) -> bool:
    """Whether a name asks for this local model: by its key, its id or the last part of its id."""
    wanted = chosen(model_name)
    return wanted is not None and (not wanted or goes_by(wanted, model))


def goes_by(name: str, model: LocalModel) -> bool:
    """Whether a local model has this name: its key, its id or the last part of its id."""
    names = (model.key, model.id, model.id.rpartition("/")[2], advertised(model))
    return name.strip().lower() in {each.lower() for each in names}


def advertised(model: LocalModel) -> str:
    """Return the name by which a local model is offered to clients."""
    return f"claude-local/{model.key}"


def tier_of(model: str, tiers: Iterable[str]) -> str:
    """Return which of the tiers a model of the cloud is of, by its name; empty: of none."""
    parts = set(_PARTS.findall(model.lower()))
    return next((tier for tier in tiers if tier in parts), "")
