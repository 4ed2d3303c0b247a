"""Thinking: how it is asked for, and under which names it comes back.

The thinking of earlier turns is never sent: the cloud's is sealed for the cloud, and templates drop
that of finished turns anyway.
"""

from collections.abc import Mapping
from typing import Final

from standby.core.models.facts import LocalModel
from standby.core.models.sampling import Family, Switch
from standby.core.wire.asked import Asked
from standby.core.wire.json import JSON

__all__ = ["switches", "thought", "will_think"]

_EFFORTS: Final[Mapping[str, str]] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


def will_think(asked: Asked, model: LocalModel) -> bool:
    """Tell whether the model is going to think: as asked if it can be told, else as it is made."""
    return asked.thinks if model.reasoning is True else model.reasoning is None


def switches(asked: Asked, model: LocalModel, family: Family | None) -> dict[str, JSON]:
    """Return the fields that turn thinking on or off; none for a model that is not known to."""
    if model.reasoning is not True:
        return {}
    if family is not None and family.switch is Switch.EFFORT:
        return {"reasoning_effort": _effort(asked)}
    flag = "thinking" if family is not None and family.switch is Switch.FLAG else "enable_thinking"
    return {"chat_template_kwargs": {flag: asked.thinks}}


def _effort(asked: Asked) -> str:
    if not asked.thinks:
        return "low"
    match asked.value.get("output_config"):
        case {"effort": str(effort)}:
            return _EFFORTS.get(effort, "medium")
        case _:
            return "medium"


def thought(delta: Mapping[str, JSON]) -> str:
    """Return what a delta adds to the thinking.

    ``reasoning_content`` is llama.cpp's, DeepSeek's and LM Studio's name for it, ``reasoning`` is
    Ollama's, mlx-lm's and newer vLLM's. Routers send two of the names with the same words.
    """
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(said := delta.get(name), str) and said:
            return said
    match delta.get("reasoning_details"):
        case list(details):
            return "".join(_detail(detail) for detail in details)
        case _:
            return ""


def _detail(detail: JSON) -> str:
    match detail:
        case {"text": str(said)} | {"summary": str(said)}:
            return said
        case _:
            return ""
