"""The drill, put together: a fake cloud, the real gateway with its real engines, a real client.

The gateway and the client are processes of their own and end with this one. The gateway has the
settings of the user but for its cloud, and a folder of its own, in which only the models are the
user's.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from standby.adapters.host.config_file import read_config
from standby.adapters.host.paths import Paths, paths
from standby.adapters.net import http_client
from standby.app.drill.options import DrillOptions
from standby.app.drill.rehearsal import Drill, Event, Report
from standby.app.drill.report import Said, as_json, closing, said
from standby.app.drill.stage import StageError
from standby.core.wire.json import dumps
from standby.testing.cloud import FakeCloud
from standby.wiring.rehearsal.clients import role
from standby.wiring.rehearsal.folders import own_folder
from standby.wiring.rehearsal.showing import ignored, of_log, shown, signs
from standby.wiring.rehearsal.stage import SetUp

__all__ = ["drill"]

_TERMINATED: Final = 143
"""What shells say of a process that SIGTERM has ended."""


async def drill(options: DrillOptions, out: Callable[[str], None]) -> int:
    """Rehearse a switch-over; return the exit code: 0 when all phases went well, else 1.

    Raise the errors of the settings.
    """
    where = paths(os.environ)
    show = shown(out) if not options.as_json else ignored
    with _ended_by_sigterm() as told:
        try:
            report, log = await _rehearsed(options, where, show)
        except asyncio.CancelledError:
            if told():
                return _TERMINATED
            raise
    if options.as_json:
        out(dumps(as_json(report, log)).decode())
    else:
        for line in (*(() if report.passed else of_log(log)), *closing(report)):
            show(line)
    return 0 if report.passed else 1


async def _rehearsed(
    options: DrillOptions, where: Paths, show: Callable[[Said], None]
) -> tuple[Report, tuple[str, ...]]:
    """Return what the rehearsal came to, and the last that the gateway said."""
    signs_here = signs()

    def tell(event: Event) -> None:
        show(said(event, signs_here))

    await asyncio.to_thread(read_config, where.config_file, os.environ)  # its faults come first
    async with own_folder(keep=options.keep) as folder:
        if options.keep:
            show(Said(f"The folder of this drill: {folder}", "dim"))
        try:
            client = role(options.client)
        except StageError as error:
            return _no_client(error), ()
        async with FakeCloud() as cloud, http_client() as http:
            async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                set_up = SetUp(folder, where, cloud, http, client, stack)
                watch = group.create_task(set_up.watch())
                try:
                    report = await Drill(set_up, tell).run()
                finally:
                    watch.cancel()
            return report, set_up.log()  # the gateway has said its last


def _no_client(error: StageError) -> Report:
    return Report(
        client="",
        stand_in=None,
        phases=(),
        moments=(),
        passed=False,
        verdict=f"The drill could not begin: {error}.",
        hint=error.hint,
        cloud_requests=0,
        cloud_refusals=0,
        audition_s=None,
        takeover_s=None,
    )


class _ended_by_sigterm:  # noqa: N801  # reads as what it is at its one place
    """While it lasts, SIGTERM cancels the task: what was started is ended."""

    def __init__(self) -> None:
        self._told = False

    def __enter__(self) -> Callable[[], bool]:
        task = asyncio.current_task()

        def end() -> None:
            self._told = True
            if task is not None:
                task.cancel()

        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        return lambda: self._told

    def __exit__(self, *_why: object) -> None:
        if sys.platform != "win32":
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
