"""The composition root: the only package that knows every adapter.

:mod:`standby.wiring.gateway` puts the gateway together, :mod:`standby.wiring.rehearsal` the drill,
:mod:`standby.wiring.offline` what can be told without either. Nothing is imported here: a command
that only reads a file must not wait for a web server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from standby.app.drill.options import DrillOptions

__all__ = ["drill"]


async def drill(options: DrillOptions, out: Callable[[str], None]) -> int:
    """Rehearse a switch-over, told line by line to ``out``; return the exit code."""
    from standby.wiring.rehearsal import drill as rehearse  # noqa: PLC0415  # a gateway needs none

    return await rehearse(options, out)
