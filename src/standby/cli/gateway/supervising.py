"""A gateway that dies while a client runs is started again, on the same port."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Self

import psutil

from standby.adapters.host.paths import Paths
from standby.adapters.host.private import UnsafeFileError
from standby.adapters.host.processes import ProcessError, Running, running
from standby.cli.gateway.errors import GatewayError
from standby.cli.gateway.starting import start, stopped

__all__ = ["Supervisor"]

EVERY_S: Final = 1.0
_MOST_STARTS: Final = 5
_LEAVE_S: Final = 1.0
_STOPPED: Final = "the gateway was stopped meanwhile; `standby up` starts it"


class Supervisor:
    """Looks after the gateway in a thread of its own, until the block ends.

    It says nothing meanwhile: the terminal belongs to the client. ``notes`` is for afterwards.
    """

    def __init__(
        self,
        where: Paths,
        environment: Mapping[str, str],
        found: Running,
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._where = where
        self._environment = environment
        self._last = found
        self._every_s = every_s
        self._starts = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join(_LEAVE_S)

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self.look()

    def look(self) -> None:
        """See whether the gateway still runs, and start it again if it died."""
        self._bury()
        now = running(self._where.state)
        if now is not None:
            self._last = now
            self.notes = [note for note in self.notes if note != _STOPPED]
        elif stopped(self._where, self._last.pid):
            self._note(_STOPPED)
        elif self._starts < _MOST_STARTS:
            self._starts += 1
            self._revive()

    def _bury(self) -> None:
        """Let go of a gateway that we started and that has ended: nobody else can."""
        with suppress(psutil.Error):
            psutil.Process(self._last.pid).wait(0)

    def _revive(self) -> None:
        port = ("--port", str(self._last.port))
        try:
            self._last = start(self._where, self._environment, port).running
        except (GatewayError, ProcessError, UnsafeFileError, OSError) as error:
            self._note(f"the gateway died and could not be started again: {error}")
        else:
            self._note(
                "the gateway died meanwhile and was started again; see `standby log --gateway`"
            )

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)
