"""What a local model is called where a person chooses among models: one line, what is known of it.

Claude Code 2.1.330 shows ``display_name`` in its ``/model`` menu, and cuts what is too long itself.
"""

from typing import Final

from standby.core.models.facts import LocalModel

__all__ = ["label", "window_words"]

_FAST: Final = 10
"""From so many tokens a second on fractions say nothing."""
_THOUSAND: Final = 1000
_KIB: Final = 1024


def label(model: LocalModel, writes_per_s: float | None = None, *, warm: bool = False) -> str:
    """Return a model's name with its window, its speed and how ready it is, as far as is known.

    ``writes_per_s`` is in tokens, as measured; ``warm``: it has read a conversation ahead.
    """
    parts = [model.title]
    if model.context_tokens is not None:
        parts.append(window_words(model.context_tokens))
    if writes_per_s is not None:
        shown = f"{writes_per_s:.0f}" if writes_per_s >= _FAST else f"{writes_per_s:.1f}"
        parts.append(f"{shown} tok/s")
    if warm:
        parts.append("warm")
    elif not model.loaded:
        parts.append("not loaded")
    if model.rehearsal:
        parts.append("for rehearsals")
    return " · ".join(parts)


def window_words(tokens: int) -> str:
    """Return a window as people say it: ``64k`` is 65,536 tokens, and ``200k`` is 200,000."""
    if tokens < _THOUSAND:
        return f"{tokens} tokens"
    whole, rest = divmod(tokens, _KIB)
    return f"{whole if not rest else round(tokens / _THOUSAND)}k"
