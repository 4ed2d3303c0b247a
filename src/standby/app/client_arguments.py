"""What Claude Code is given on its command line for one run, before the user's own arguments."""

from collections.abc import Sequence
from typing import Final

__all__ = ["client_arguments"]

_PLUGIN: Final = "--plugin-dir"
_SETTINGS: Final = "--settings"
_PRINTS: Final = frozenset({"-p", "--print"})
# Who asks for little gets nothing of ours on top: in a small window each tool counts.
_LITTLE: Final = frozenset({"--bare", "--safe-mode", "--restricted"})
_PROMPT: Final = "--"


def client_arguments(arguments: Sequence[str], *, plugin: str, status_line: str) -> tuple[str, ...]:
    """Return what to put before the user's arguments. Empty strings: no such thing is wanted.

    ``plugin`` is a folder; ``status_line`` a settings file with nothing but a status line. The
    client takes one such file only, and the user's goes before ours.
    """
    said = {word.partition("=")[0] for word in _options(arguments)}
    if said & (_PRINTS | _LITTLE):
        return ()
    ours = (_PLUGIN, plugin) if plugin else ()
    if status_line and _SETTINGS not in said:
        ours = (*ours, _SETTINGS, status_line)
    return ours


def _options(arguments: Sequence[str]) -> Sequence[str]:
    """Return the words before ``--``: what follows it is a prompt."""
    return arguments[: arguments.index(_PROMPT)] if _PROMPT in arguments else arguments
