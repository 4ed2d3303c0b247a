"""What differs between families of models, as data: how to know one, and how to ask it."""

import enum
import re
from dataclasses import dataclass, field

__all__ = ["Family", "Sampling", "Switch"]


class Switch(enum.Enum):
    """How a family is told whether to think, and how hard."""

    NONE = "none"
    """It does not think, or cannot be told to stop."""
    TEMPLATE = "enable_thinking"
    """By ``chat_template_kwargs.enable_thinking``."""
    FLAG = "thinking"
    """By ``chat_template_kwargs.thinking``."""
    EFFORT = "reasoning_effort"
    """By ``reasoning_effort``: ``low``, ``medium`` or ``high``; it always thinks."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw the next token. ``None``: the server's own choice is as good."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """One family of models. ``known_by`` is searched in the model's id, whatever its case."""

    name: str
    known_by: re.Pattern[str]
    plain: Sampling = field(default_factory=Sampling)
    """Without thinking."""
    thinking: Sampling | None = None
    """While thinking, where that differs."""
    switch: Switch = Switch.NONE
    opens_thinking: bool = False
    """Its chat template writes the tag that begins the thinking, so that only the end comes."""
    formats: tuple[str, ...] = ()
    """How it writes calls where a server does not make calls of them, by the formats' names. All
    formats are always heard: templates are mixed up, and models learn from one another."""

    def sampling(self, *, thinks: bool) -> Sampling:
        """Return how to sample, thinking or not."""
        return self.thinking if thinks and self.thinking is not None else self.plain
