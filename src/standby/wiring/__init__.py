"""The composition root: the only package that knows every adapter.

:mod:`standby.wiring.gateway` puts the gateway together, :mod:`standby.wiring.rehearsal` the drill.
"""

from collections.abc import Callable

from standby.app.drill_options import DrillOptions
from standby.wiring.gateway import ENGINES, READERS, RULES, StartError, serve

__all__ = ["ENGINES", "READERS", "RULES", "StartError", "drill", "serve"]


async def drill(options: DrillOptions, out: Callable[[str], None]) -> int:
    """Rehearse a switch-over, told line by line to ``out``; return the exit code."""
    from standby.wiring.rehearsal import drill as rehearse  # noqa: PLC0415  # a gateway needs none

    return await rehearse(options, out)
