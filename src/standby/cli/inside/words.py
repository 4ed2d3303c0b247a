"""What may stand behind ``/standby``: the commands that only look, and the switch."""

import shlex
from collections.abc import Callable, Sequence
from typing import Final

from standby.cli.inside.calling import Answer

__all__ = ["COMMANDS", "answered"]

COMMANDS: Final = {
    "status": "who answers now, why, and until when",
    "usage": "what was used, what is left, and how long that lasts",
    "review": "the files that a local model changed",
    "use": "auto, cloud, local, spare or a model: who is to answer",
}
"""The commands, the one without words first."""


def answered(words: str, call: Callable[[Sequence[str]], Answer]) -> str:
    """Return what is shown for ``/standby WORDS``."""
    try:
        said = shlex.split(words)
    except ValueError as error:
        return f"{words!r} is not understood: {error}"
    name, *more = said or ["status"]
    if name not in COMMANDS:
        return "\n".join([f"/standby does not know {name!r}. It knows:", *_known()])
    return call([name, *more]).text or f"`standby {' '.join(said)}` has nothing to say"


def _known() -> list[str]:
    width = max(map(len, COMMANDS))
    return [f"  /standby {name:<{width}}  {about}" for name, about in COMMANDS.items()]
