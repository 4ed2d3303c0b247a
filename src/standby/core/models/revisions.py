"""What is remembered of a model file that was taken in."""

from dataclasses import dataclass

__all__ = ["Installed", "Revision"]


@dataclass(frozen=True, slots=True)
class Revision:
    """One file of a model, as it was when it was taken in."""

    sha256: str
    size_bytes: int
    origin: str
    """``owner/repo/file@commit`` of the hub, or ``file`` for one that a person handed over."""
    licence: str
    """Empty: neither the catalogue, nor the hub, nor the file names one."""
    quantisation: str
    context_tokens: int | None
    """The window that the model was trained for."""
    template_sha256: str
    """The chat template's hash; empty: it has none."""
    added_at: float
    """Seconds of the epoch."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that is kept here."""

    name: str
    current: Revision
    previous: Revision | None = None
    """What a rollback goes back to."""
