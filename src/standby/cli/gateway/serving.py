"""Serve in this process, until told to end."""

import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, TypeVar

from standby.adapters.host.paths import Paths
from standby.adapters.host.processes import AlreadyRunningError
from standby.cli.gateway.errors import OTHER_RUNS, GatewayError
from standby.cli.gateway.starting import forget_stopped, note_stopped

if TYPE_CHECKING:
    from standby.adapters.host.config_file import Configuration

__all__ = ["overridden", "run_to_end", "serve_in_front"]

T = TypeVar("T")


def overridden(
    environment: Mapping[str, str], *, port: int | None = None, cloud_url: str | None = None
) -> Mapping[str, str]:
    """Return an environment that holds what was said on the command line, which wins."""
    said = {
        "STANDBY_GATEWAY_PORT": None if port is None else str(port),
        "STANDBY_CLOUD_URL": cloud_url,
    }
    return {**environment, **{name: text for name, text in said.items() if text is not None}}


def serve_in_front(
    configuration: "Configuration", where: Paths, *, ready: Callable[[str], None]
) -> None:
    """Serve until a signal ends it. Raise :class:`GatewayError` when that cannot begin."""
    import logging

    from standby.cli.gateway.logging_lines import LineFormatter
    from standby.wiring.gateway import StartError
    from standby.wiring.serving import serve

    told = logging.StreamHandler()
    told.setFormatter(LineFormatter())
    logging.basicConfig(level=configuration.settings.log.level.upper(), handlers=[told])

    def begun(url: str) -> None:
        forget_stopped(where)
        ready(url)

    try:
        run_to_end(serve(configuration, where, ready=begun))
    except KeyboardInterrupt:
        note_stopped(where, os.getpid())
        raise
    except StartError as error:
        if isinstance(error.__cause__, AlreadyRunningError):
            hint = "`standby status` shows it; `standby down` ends it."
            raise GatewayError(str(error), hint, OTHER_RUNS) from error
        raise GatewayError(str(error)) from error
    note_stopped(where, os.getpid())


def run_to_end(work: "Coroutine[None, None, T]") -> T:
    """Run on the fastest event loop that this system has."""
    if sys.platform == "win32":
        import asyncio

        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)
